@bucket
Feature: buckets, in addition to the official scenarios

  @emulator_only
  Scenario: a bucket is created and deleted
    When put bucket "new-bucket"
    Then put bucket status code is 201
    When head bucket "new-bucket"
    Then head bucket status code is 200
    When put bucket "new-bucket"
    Then put bucket status code is 409
    And put bucket error is "bucket_already_exists"
    When delete bucket "new-bucket"
    Then delete bucket status code is 204
    When head bucket "new-bucket"
    Then head bucket status code is 404

  @emulator_only
  Scenario: delete bucket with an object in it is refused
    Given an object "a" with content "1"
    When delete the bucket
    Then delete bucket status code is 409
    And delete bucket error is "bucket_not_empty"

  @emulator_only
  Scenario: put bucket with an invalid name is refused
    When put bucket "Not_A_Name"
    Then put bucket status code is 400
    And put bucket error is "invalid_bucket_name"

  Scenario: list objects with a delimiter returns common prefixes
    Given an object "a" with content "1"
    And an object "b/1" with content "1"
    And an object "b/2" with content "2"
    And an object "b/deep/3" with content "3"
    And an object "c/4" with content "4"
    When list objects with prefix "" and delimiter "/"
    Then list objects status code is 200
    And list objects keys are "a"
    And list objects common prefixes are "b/, c/"
    When list objects with prefix "b/" and delimiter "/"
    Then list objects keys are "b/1, b/2"
    And list objects common prefixes are "b/deep/"

  Scenario: list objects in pages returns all keys
    When list objects in pages of 2
    Then list objects keys are "a, b/1, b/2, b/deep/3, c/4"

  Scenario: delete multiple objects reports deleted keys unless it is quiet
    When delete multiple objects:
    """
    { "quiet": false, "objects": [{ "key": "b/1" }, { "key": "b/2" }] }
    """
    Then delete multiple objects code is 200
    And delete multiple objects reports "b/1, b/2" as deleted
    When delete multiple objects:
    """
    { "quiet": true, "objects": [{ "key": "b/deep/3" }, { "key": "c/4" }] }
    """
    Then delete multiple objects reports "" as deleted
    When list objects
    Then list objects keys are "a"

  Scenario: list multipart uploads returns an upload until it is aborted
    Given an object created by initiate multipart upload
    When list multipart uploads
    Then list multipart uploads count is 1
    And the multipart upload can be aborted
