@versioning
Feature: versions of objects

  Scenario: put bucket versioning enables versions
    When get bucket versioning
    Then get bucket versioning status code is 200
    And get bucket versioning status is "DISABLED"
    When put bucket versioning "ENABLED"
    Then put bucket versioning status code is 200
    When get bucket versioning
    Then get bucket versioning status is "ENABLED"

  Scenario: get object with a version id returns an overwritten version
    Given an object "report" with content "first"
    And an object "report" with content "second one"
    When get object "report"
    Then get object content is "second one"
    When get object "report" with the previous version id
    Then get object status code is 200
    And get object content is "first"
    When list object versions
    Then list object versions status code is 200
    And list object versions are "report 10 bytes (latest), report 5 bytes"

  Scenario: copy object with a version id restores an old version
    When copy object "report" with the previous version id to "report"
    Then copy object status code is 201
    When get object "report"
    Then get object content is "first"
    When delete object "report" with the latest version id
    And get object "report"
    Then get object content is "second one"

  Scenario: deleting a delete marker restores the object
    When delete object "report"
    Then delete object status code is 204
    And delete object created a delete marker
    When get object "report"
    Then get object status code is 404
    When list objects
    Then list objects keys count is 0
    When list object versions
    Then list object versions are "report deleted (latest), report 10 bytes, report 5 bytes"
    When delete object "report" with the latest version id
    Then delete object status code is 204
    When get object "report"
    Then get object content is "second one"

  Scenario: delete object with a version id removes the version
    When delete object "report" with the latest version id
    Then delete object status code is 204
    When get object "report"
    Then get object content is "first"
    When list object versions
    Then list object versions are "report 5 bytes (latest)"

  Scenario: list object versions in pages returns all versions
    Given an object "report" with content "third"
    And an object "a" with content "1"
    And an object "z" with content "26"
    When list object versions in pages of 2
    Then list object versions are "a 1 bytes (latest), report 5 bytes (latest), report 5 bytes, z 2 bytes (latest)"

  Scenario: delete bucket with object versions in it is refused
    When delete object "a"
    Then delete object created a delete marker
    When delete the bucket
    Then delete bucket error is "bucket_not_empty"

  Scenario: suspended versioning keeps old versions only
    When put bucket versioning "SUSPENDED"
    And get bucket versioning
    Then get bucket versioning status is "SUSPENDED"
    Given an object "z" with content "longer than before"
    And an object "z" with content "the last"
    When list object versions
    Then list object versions are "a deleted (latest), a 1 bytes, report 5 bytes (latest), report 5 bytes, z 8 bytes (latest), z 2 bytes"
