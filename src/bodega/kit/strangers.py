"""The lists of V3 to which published clients send parameters that the list does not know, and that pass them over.

Every other list of V3 refuses them (rule 20). V2 passes unknown parameters over everywhere.
"""

STRANGERS = {
    "channels": "airbyte-source-bigcommerce sends `sort`, `date_modified:min`, `limit`, and breaks on a refusal",
    "content/pages": "airbyte-source-bigcommerce sends `sort`, `date_modified:min`, `limit`, and breaks on a refusal",
}
"""The path below the version, and who sends what there."""
