import type { Store, WebhookReceiver } from "./index.js";

export function useStore(options?: {
  seed?: Record<string, number>;
  prepare?: (template: Store) => Promise<void>;
  plan?: string;
}): { store: Store; webhooks: WebhookReceiver };
