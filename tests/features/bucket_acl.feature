@bucket_acl
Feature: access without signature

  Scenario: get object without signature succeeds only if the ACL allows it
    Given an object "open" with content "for all"
    When get object "open" without signature
    Then get object without signature status code is 403
    When put bucket ACL:
    """
    { "acl": [{ "grantee": { "type": "group", "name": "QS_ALL_USERS" }, "permission": "READ" }] }
    """
    Then put bucket ACL status code is 200
    When get bucket ACL
    Then get bucket ACL is:
    """
    { "acl": [{ "grantee": { "type": "group", "name": "QS_ALL_USERS" }, "permission": "READ" }] }
    """
    When get object "open" without signature
    Then get object without signature status code is 200
    When put empty bucket ACL
    Then put empty bucket ACL status code is 200
    When get object "open" without signature
    Then get object without signature status code is 403
