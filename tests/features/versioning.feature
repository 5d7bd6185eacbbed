@versioning
Feature: versions of objects

  Scenario: a bucket keeps one version until it is told otherwise
    When get bucket versioning
    Then get bucket versioning status code is 200
    And get bucket versioning status is "DISABLED"
    When put bucket versioning "ENABLED"
    Then put bucket versioning status code is 200
    When get bucket versioning
    Then get bucket versioning status is "ENABLED"

  Scenario: what was overwritten can still be had
    Given an object "report" with content "first"
    And an object "report" with content "second one"
    When get object "report"
    Then get object content is "second one"
    When get object "report" as it was 1 version ago
    Then get object status code is 200
    And get object content is "first"
    When list object versions
    Then list object versions status code is 200
    And list object versions are "report 10 bytes (latest), report 5 bytes"

  Scenario: an old version is made the latest again by a copy
    When copy object "report" as it was 1 version ago to "report"
    Then copy object status code is 201
    When get object "report"
    Then get object content is "first"
    When delete object "report" in its latest version
    And get object "report"
    Then get object content is "second one"

  Scenario: what was deleted comes back when its deletion is deleted
    When delete object "report" that may be missing
    Then delete object status code is 204
    And delete object left a delete marker
    When get object "report"
    Then get object status code is 404
    When list objects
    Then list objects keys count is 0
    When list object versions
    Then list object versions are "report deleted (latest), report 10 bytes, report 5 bytes"
    When delete object "report" in its latest version
    Then delete object status code is 204
    When get object "report"
    Then get object content is "second one"

  Scenario: a version that is deleted is gone for good
    When delete object "report" in its latest version
    Then delete object status code is 204
    When get object "report"
    Then get object content is "first"
    When list object versions
    Then list object versions are "report 5 bytes (latest)"

  Scenario: a long list of versions comes in pages
    Given an object "report" with content "third"
    And an object "a" with content "1"
    And an object "z" with content "26"
    When list object versions page by page, 2 a page
    Then list object versions are "a 1 bytes (latest), report 5 bytes (latest), report 5 bytes, z 2 bytes (latest)"

  Scenario: a bucket with versions left is not empty
    When delete object "a" that may be missing
    Then delete object left a delete marker
    When delete bucket "bucket"
    Then delete bucket error is "bucket_not_empty"

  Scenario: new versions are no longer kept, old ones are
    When put bucket versioning "SUSPENDED"
    And get bucket versioning
    Then get bucket versioning status is "SUSPENDED"
    Given an object "z" with content "longer than before"
    And an object "z" with content "the last"
    When list object versions
    Then list object versions are "a deleted (latest), a 1 bytes, report 5 bytes (latest), report 5 bytes, z 8 bytes (latest), z 2 bytes"
