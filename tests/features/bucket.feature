@bucket
Feature: buckets, beyond what the official scenarios ask of them

  Scenario: a bucket is made, is there, and is gone
    When put bucket "made-by-scenario"
    Then put bucket status code is 201
    When head bucket "made-by-scenario"
    Then head bucket status code is 200
    When put bucket "made-by-scenario"
    Then put bucket status code is 409
    And put bucket error is "bucket_already_exists"
    When delete bucket "made-by-scenario"
    Then delete bucket status code is 204
    When head bucket "made-by-scenario"
    Then head bucket status code is 404

  Scenario: a bucket that holds something stays
    Given an object "a" with content "1"
    When delete bucket "bucket"
    Then delete bucket status code is 409
    And delete bucket error is "bucket_not_empty"

  Scenario: a name that no bucket may have
    When put bucket "Not_A_Name"
    Then put bucket status code is 400
    And put bucket error is "invalid_bucket_name"

  Scenario: objects are listed like folders
    Given an object "b/1" with content "1"
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

  Scenario: a list goes on where its page ended
    When list objects page by page, 2 a page
    Then list objects keys are "a, b/1, b/2, b/deep/3, c/4"

  Scenario: objects are deleted together, and only failures reported if that is wished
    When delete multiple objects:
    """
    { "quiet": false, "objects": [{ "key": "b/1" }, { "key": "b/2" }] }
    """
    Then delete multiple objects code is 200
    And delete multiple objects deleted "b/1, b/2"
    When delete multiple objects:
    """
    { "quiet": true, "objects": [{ "key": "b/deep/3" }, { "key": "c/4" }] }
    """
    Then delete multiple objects deleted ""
    When list objects
    Then list objects keys are "a"

  Scenario: an unfinished upload is listed until it is aborted
    Given an object created by initiate multipart upload
    When list multipart uploads
    Then list multipart uploads count is 1
    And the multipart upload is gone once it was aborted
