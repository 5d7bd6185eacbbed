@service
Feature: the account, beyond what the official scenarios ask of it

  Scenario: a bucket that was made is listed in its zone, and not in another one
    When put bucket "made-by-scenario"
    Then put bucket status code is 201
    When list buckets of zone "pek3a"
    Then list buckets status code is 200
    And list buckets names are "bucket, made-by-scenario"
    When list buckets of zone "sh1a"
    Then list buckets names are ""
    When list buckets from 1 on, at most 1
    Then list buckets names are "made-by-scenario"
