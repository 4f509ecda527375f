// What an app does by `bigcommerce-api-client`, group by group. Prints what it was answered, as one JSON object.
const fs = require("node:fs");
const { BigCommerceApiClient } = require("bigcommerce-api-client");

const [storeHash, accessToken, theme] = process.argv.slice(2);
const api = new BigCommerceApiClient({ storeHash, accessToken, maxRetries: 0 });
const told = {};
const only = (reply) => (Array.isArray(reply.data) ? reply.data[0] : reply.data);
const names = (reply, of) => reply.data.map((one) => one[of]);

const groups = {
  async tax() {
    const { taxZones, taxRates } = api.taxRatesAndZones;
    const place = { locations: [{ country_code: "DE" }] };
    const zone = only(await taxZones.createTaxZones([
      { name: "Bavaria", price_display_settings: { show_inclusive: true }, shopper_target_settings: place },
    ]));
    const [rate] = (await taxRates.createTaxRates([
      { name: "VAT", tax_zone_id: zone.id, class_rates: [{ rate: 19, tax_class_id: 0 }] },
    ])).data;
    await taxRates.updateTaxRates([{ id: rate.id, class_rates: [{ rate: 7, tax_class_id: 0 }] }]);
    const rates = (await taxRates.getTaxRates({ "tax_zone_id:in": [zone.id] })).data;
    await taxRates.deleteTaxRates({ "id:in": [rate.id] });
    await taxZones.updateTaxZones([{ id: zone.id, enabled: false }]);
    const zones = names(await taxZones.getTaxZones(), "name").includes("Bavaria");
    await taxZones.deleteTaxZones({ "id:in": [zone.id] });
    const settings = (await api.taxSettings.updateTaxSettings({ tax_entered_with_prices: true })).data;
    const [food] = (await api.taxProperties.createTaxProperties([
      { code: "FOOD-1", display_name: "Food", type: "PRODUCT" },
    ])).data;
    await api.taxProperties.updateTaxProperties([{ id: food.id, description: "Eaten" }]);
    const { productTaxProperties: values } = api.taxProperties;
    const product = only(await api.catalog.products.getAllProducts());
    await values.updateProductTaxProperties([{ product_id: product.id, tax_properties: { "FOOD-1": "1" } }]);
    const valued = (await values.getProductTaxProperties({ "product_id:in": [product.id] })).data;
    await values.deleteProductTaxProperties({ "product_id:in": [product.id] });
    await api.taxProperties.deleteTaxProperties({ "id:in": [food.id] });
    return {
      rate: rates[0].class_rates[0].rate, zones, left: names(await taxZones.getTaxZones(), "name").includes("Bavaria"),
      with_tax: settings.tax_entered_with_prices, valued: valued[0].tax_properties,
      properties: names(await api.taxProperties.getTaxProperties(), "id").includes(food.id),
    };
  },
  async provider() {
    const { taxProviderConnection: at } = api;
    const connected = (await at.updateConnection("acme", { username: "shop", password: "sesame" })).data;
    const known = (await at.getConnectionStatus("acme")).data;
    await at.deleteConnection("acme");
    return [connected.configured, known.username, (await at.getConnectionStatus("acme")).data.configured];
  },
  async content() {
    const page = only(await api.pages.createPage({ name: "About", type: "page", body: "<p>Us</p>", channel_id: 1 }));
    await api.pages.updatePage(page.id, { is_visible: true });
    await api.pages.updatePages([{ id: page.id, name: "About us" }]);
    const shown = (await api.pages.getPage(page.id, { include: "body" })).data;
    await api.pages.deletePage(page.id);
    await api.redirects.upsertRedirects([{ from_path: "/a", site_id: 1, to: { type: "url", url: "/b" } }]);
    const mine = (one) => one.from_path === "/a";
    const redirects = (await api.redirects.getRedirects({ site_id: 1 })).data.filter(mine);
    await api.redirects.deleteRedirects({ "id:in": names({ data: redirects }, "id") });
    const script = (await api.scripts.createScript(
      { name: "Chat", src: "https://chat.test/a.js", kind: "src", consent_category: "essential" },
    )).data;
    await api.scripts.updateScript(script.uuid, { description: "Talks" });
    const talks = (await api.scripts.getScript(script.uuid)).data.description;
    await api.scripts.deleteScript(script.uuid);
    return {
      page: [shown.name, shown.is_visible, shown.body], left: names(await api.pages.getPages(), "id").includes(page.id),
      redirects: redirects.map((one) => one.to.url), moved: (await api.redirects.getRedirects()).data.some(mine),
      script: talks, scripts: names(await api.scripts.getAllScripts(), "uuid").includes(script.uuid),
    };
  },
  async emails() { // its templateSettings ask for storefront/product
    const at = api.abandonedCartEmails;
    const usual = await at.getDefaultEmailTemplate();
    const made = (await at.createEmailTemplate({ is_active: true, coupon_code: "TEN", notify_at_minutes: 60 })).data;
    await at.updateEmailTemplate(made.id, { notify_at_minutes: 120 });
    const after = (await at.getEmailTemplate(made.id)).data.notify_at_minutes;
    await at.deleteEmailTemplate(made.id);
    const { emailTemplates: written } = api;
    await written.updateEmailTemplate("invoice_email", { subject: "Hello", body: "<p>Hello</p>", translations: [] });
    const mine = (await written.getEmailTemplate("invoice_email")).data.subject;
    return { usual: Object.keys(usual).length > 0, after, mine };
  },
  async widgets() {
    const { widgetTemplate, widget, placement, regions } = api.widgets;
    const template = (await widgetTemplate.createWidgetTemplate(
      { name: "Note", template: "<b>{{text}}</b>", schema: [] },
    )).data;
    await widgetTemplate.updateWidgetTemplate(template.uuid, { name: "A note" });
    const one = (await widget.createWidget(
      { name: "Hi", widget_template_uuid: template.uuid, widget_configuration: { text: "Hi" } },
    )).data;
    await widget.updateWidget(one.uuid, { name: "Hello" });
    const where = (await placement.createPlacement(
      { widget_uuid: one.uuid, template_file: "pages/home", region: "home_below_menu", sort_order: 1 },
    )).data;
    await placement.updatePlacement(where.uuid, { sort_order: 2 });
    const told = {
      template: (await widgetTemplate.getWidgetTemplate(template.uuid)).data.name,
      widget: (await widget.getWidget(one.uuid)).data.name,
      placement: (await placement.getPlacement(where.uuid)).data.sort_order,
      regions: (await regions.getThemeRegions("pages/home")).data.length > 0,
    };
    await placement.deletePlacement(where.uuid);
    await widget.deleteWidget(one.uuid);
    await widgetTemplate.deleteWidgetTemplate(template.uuid);
    return { ...told, left: names(await widget.getAllWidgets(), "uuid").includes(one.uuid) };
  },
  async themes() {
    // Its activateTheme and getThemeConfiguration ask paths that no document has.
    const { themeActions, themeJobs } = api.themes;
    const { job_id: uploading } = await api.themes.uploadTheme(fs.createReadStream(theme));
    const ended = async (id) => {
      for (;;) {
        const job = (await themeJobs.getThemeJob(id)).data;
        if (["COMPLETED", "FAILED"].includes(job.status)) return job;
        await new Promise((go) => setTimeout(go, 50));
      }
    };
    const job = await ended(uploading);
    const uuid = job.result.theme_id;
    const one = (await api.themes.getTheme(uuid)).data;
    const { job_id: packing } = await themeActions.downloadTheme(uuid, { which: "original" });
    const packed = await ended(packing);
    await api.themes.deleteTheme(uuid);
    return {
      job: job.status, name: one.name, packed: packed.status,
      left: names(await api.themes.getAllTheme(), "uuid").includes(uuid),
    };
  },
  async shipping() {
    const { customsInformation: at } = api.shippingV3;
    const product = only(await api.catalog.products.getAllProducts());
    await at.upsertCustomsInformation([{
      product_id: product.id, country_of_origin: "US", commodity_description: "Hammers",
      international_shipping: true, hs_codes: { ALL: "501000" },
    }]);
    const known = (await at.getCustomsInformation({ "product_id:in": [product.id] })).data;
    await at.deleteCustomsInformation({ "product_id:in": [product.id] });
    return [known[0].hs_codes, names(await at.getCustomsInformation(), "product_id").includes(product.id)];
  },
  async settings() {
    const { settings } = api;
    const shown = {};
    const turn = async (at, name, value) => {
      const [get, put] = ["get", "update"].map((word) =>
        Object.getOwnPropertyNames(Object.getPrototypeOf(at)).find((one) => one.startsWith(word)));
      const before = (await at[get]()).data;
      await at[put]({ ...before, [name]: value });
      shown[name] = [before[name], (await at[get]()).data[name]];
    };
    await turn(settings.storeProfile, "store_name", "Blue Door");
    await turn(settings.catalogs, "enable_product_comparisons", false);
    await turn(settings.emailStatuses, "invoice_email", false);
    await turn(settings.inventory, "stock_level_display", "show");
    await turn(settings.storefrontProduct, "show_product_sku", false);
    await turn(settings.storefrontSearch, "default_product_sort", "bestselling");
    await turn(settings.storefrontSeo, "page_title", "Doors");
    await turn(settings.storefrontRobotsTxt, "robots_txt_ssl", "User-agent: *\n");
    await turn(settings.storefrontSecurity, "sitewide_https_enabled", true);
    await turn(settings.storefrontStatus, "prelaunch_message", "Soon");
    const filters = (await settings.searchFilters.getEnabledFilters()).data;
    shown.filters = (await settings.searchFilters.updateEnabledFilters(filters)).data.length === filters.length;
    shown.logs = Array.isArray((await api.systemLogs.getStoreLogs()).data);
    return shown;
  },
};

(async () => {
  for (const [name, run] of Object.entries(groups)) {
    try {
      told[name] = await run();
    } catch (error) {
      told[name] = { error: String(error.message).slice(0, 900) };
    }
  }
  process.stdout.write(JSON.stringify(told));
})();
