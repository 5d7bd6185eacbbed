@bucket_acl
Feature: what anybody may do with a bucket

  Scenario: an object is read by anybody only while the ACL says so
    Given an object "open" with content "for all"
    When anybody gets object "open"
    Then anybody gets object status code is 403
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
    When anybody gets object "open"
    Then anybody gets object status code is 200
    When put empty bucket ACL
    Then put empty bucket ACL status code is 200
    When anybody gets object "open"
    Then anybody gets object status code is 403
