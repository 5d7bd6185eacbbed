@service
Feature: the account, in addition to the official scenarios

  @emulator_only
  Scenario: list buckets returns the buckets of a zone
    When put bucket "new-bucket"
    Then put bucket status code is 201
    When list buckets in zone "pek3a"
    Then list buckets status code is 200
    And list buckets names are "bucket, new-bucket"
    When list buckets in zone "sh1a"
    Then list buckets names are ""
    When list buckets with offset 1 and limit 1
    Then list buckets names are "new-bucket"
