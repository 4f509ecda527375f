"""Infrastructure hosting (V3): projects, uploads, deployments by the clock. Nothing of a bundle is executed."""

from __future__ import annotations

from bodega.resources.hosting import deployments, projects, uploads

RESOURCES = (projects.RESOURCE, uploads.RESOURCE, deployments.RESOURCE)
