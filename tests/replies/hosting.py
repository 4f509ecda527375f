"""Infrastructure hosting."""

from replies import Differs, Row

HOME = "/v3/infrastructure"
ROWS = [
    Row("POST", f"{HOME}/projects", {"name": "North"}, name="hosting_project", key="uuid"),
    Row("POST", f"{HOME}/projects", {"name": "South"}, name="hosting_empty", key="uuid"),
    Row("POST", f"{HOME}/projects", {"name": "West"}),
    Row("POST", f"{HOME}/deployments/uploads", {}, name="hosting_upload", key="upload_uuid"),
    Row(
        "POST",
        f"{HOME}/deployments",
        {"project_uuid": "{hosting_project}", "upload_uuid": "{hosting_upload}"},
        name="hosting_deployment",
        key="deployment_uuid",
    ),
    Row("POST", f"{HOME}/deployments", {"project_uuid": "{hosting_project}", "upload_uuid": "x"}, status=422),
]
PATHS: dict[str, list[str]] = {
    "/v3/infrastructure/deployments/{deployment_uuid:text}/events": [],
    "/v3/infrastructure/logs/{project_uuid:text}/tail": [],
}
DIFFERS = [
    Differs("GET /v3/infrastructure/deployments/*", "", "empty", "events are no JSON; test_hosting.py"),
    Differs("GET /v3/infrastructure/logs/*", "", "empty", "a log is no JSON; test_hosting.py"),
    Differs("GET /v3/infrastructure/projects", "meta.pagination", "extra", "a list has pages as well as cursors"),
    Differs(
        "* /v3/infrastructure/projects", "data.deployment_hostnames", "extra", "Catalyst's command cannot do without"
    ),
]
