@own_bucket
Feature: bucket settings that are lists of rules

  Scenario: get bucket lifecycle returns the rules that were put
    When put bucket lifecycle:
    """
    {
      "rule": [
        { "id": "logs", "status": "enabled", "filter": { "prefix": "logs/" }, "expiration": { "days": 30 } },
        {
          "id": "archive",
          "status": "disabled",
          "filter": { "prefix": "archive/" },
          "transition": { "days": 60, "storage_class": "STANDARD_IA" }
        },
        {
          "id": "leftovers",
          "status": "enabled",
          "filter": { "prefix": "" },
          "abort_incomplete_multipart_upload": { "days_after_initiation": 7 }
        }
      ]
    }
    """
    Then put bucket lifecycle status code is 200
    When get bucket lifecycle
    Then get bucket lifecycle is:
    """
    {
      "rule": [
        { "id": "logs", "status": "enabled", "filter": { "prefix": "logs/" }, "expiration": { "days": 30 } },
        {
          "id": "archive",
          "status": "disabled",
          "filter": { "prefix": "archive/" },
          "transition": { "days": 60, "storage_class": "STANDARD_IA" }
        },
        {
          "id": "leftovers",
          "status": "enabled",
          "filter": { "prefix": "" },
          "abort_incomplete_multipart_upload": { "days_after_initiation": 7 }
        }
      ]
    }
    """
    When delete bucket lifecycle
    Then delete bucket lifecycle status code is 204

  Scenario: get bucket notification returns the rules that were put
    When put bucket notification:
    """
    {
      "notifications": [
        {
          "id": "uploads",
          "event_types": ["create_object", "complete_multipart"],
          "cloudfunc": "notifier",
          "object_filters": ["*.jpg"],
          "notify_url": "http://example.com/notify"
        }
      ]
    }
    """
    Then put bucket notification status code is 200
    When get bucket notification
    Then get bucket notification is:
    """
    {
      "notifications": [
        {
          "id": "uploads",
          "event_types": ["create_object", "complete_multipart"],
          "cloudfunc": "notifier",
          "object_filters": ["*.jpg"],
          "notify_url": "http://example.com/notify"
        }
      ]
    }
    """
    When delete bucket notification
    Then delete bucket notification status code is 204

  @emulator_only
  Scenario: get bucket replication returns the rules that were put
    When put bucket replication:
    """
    {
      "rules": [
        {
          "id": "away",
          "status": "enabled",
          "filters": { "prefix": "precious/" },
          "destination": { "bucket": "elsewhere", "zone": "sh1a", "storage_class": "STANDARD" },
          "delete_marker": "disabled"
        }
      ]
    }
    """
    Then put bucket replication status code is 200
    When get bucket replication
    Then get bucket replication is:
    """
    {
      "rules": [
        {
          "id": "away",
          "status": "enabled",
          "filters": { "prefix": "precious/" },
          "destination": { "bucket": "elsewhere", "zone": "sh1a", "storage_class": "STANDARD" },
          "delete_marker": "disabled"
        }
      ]
    }
    """
    When delete bucket replication
    Then delete bucket replication status code is 204

  @emulator_only
  Scenario: get bucket policy returns the statements that were put
    When put bucket policy:
    """
    {
      "statement": [
        {
          "id": "links from one site",
          "user": ["*"],
          "action": ["get_object", "head_object"],
          "effect": "deny",
          "resource": ["bucket/pictures/*"],
          "condition": { "string_not_like": { "Referer": ["*.example.com"] } }
        }
      ]
    }
    """
    Then put bucket policy status code is 200
    When get bucket policy
    Then get bucket policy is:
    """
    {
      "statement": [
        {
          "id": "links from one site",
          "user": ["*"],
          "action": ["get_object", "head_object"],
          "effect": "deny",
          "resource": ["bucket/pictures/*"],
          "condition": { "string_not_like": { "Referer": ["*.example.com"] } }
        }
      ]
    }
    """
    When delete bucket policy
    Then delete bucket policy status code is 204
