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
PATHS = {
    "/v3/infrastructure/deployments/{deployment_uuid:text}/events": [
        "/v3/infrastructure/deployments/{hosting_deployment}/events"
    ],
    "/v3/infrastructure/logs/{project_uuid:text}/tail": ["/v3/infrastructure/logs/{hosting_empty}/tail"],
}
DIFFERS = [
    Differs("* /v3/infrastructure/projects", "data.deployment_hostnames", "extra", "Catalyst's command needs it")
]
