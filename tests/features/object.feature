@object
Feature: objects, beyond what the official scenarios ask of them

  Scenario Outline: a part of an object
    Given an object "digits" with content "0123456789"
    When get object "digits" with range "<range>"
    Then get object status code is 206
    And get object content is "<content>"
    And get object content range is "<content range>"

    Examples:
      | range     | content | content range   |
      | bytes=0-0 | 0       | bytes 0-0/10    |
      | bytes=2-5 | 2345    | bytes 2-5/10    |
      | bytes=7-  | 789     | bytes 7-9/10    |
      | bytes=-4  | 6789    | bytes 6-9/10    |

  Scenario: a part that no object of this size has
    When get object "digits" with range "bytes=10-"
    Then get object status code is 416
    And get object error is "invalid_range"

  Scenario: an object is got only if it is the one that is meant
    When get object "digits" if it matches its ETag
    Then get object status code is 200
    And get object content is "0123456789"
    When get object "digits" if it matches another ETag
    Then get object status code is 412
    When get object "digits" if it was not modified since tomorrow
    Then get object status code is 200
    When get object "digits" if it was not modified since yesterday
    Then get object status code is 412

  Scenario: an object is not got again while it stays the same
    When get object "digits" unless it matches another ETag
    Then get object status code is 200
    When get object "digits" unless it matches its ETag
    Then get object status code is 304
    And get object content is ""
    When get object "digits" if it was modified since yesterday
    Then get object status code is 200
    When get object "digits" if it was modified since tomorrow
    Then get object status code is 304

  Scenario: a copy under a condition, and with metadata of its own
    When copy object "digits" to "copy" if it matches another ETag
    Then copy object status code is 412
    When get object "copy"
    Then get object status code is 404
    When copy object "digits" to "copy" if it matches its ETag
    Then copy object status code is 201
    When copy object "copy" to "copy of copy" with metadata "colour":"light blue" in place of its own
    Then copy object status code is 201
    When get object "copy of copy"
    Then get object content is "0123456789"
    And get object metadata is "colour":"light blue" and nothing else

  Scenario: a copy of nothing
    When copy object "never put" to "copy"
    Then copy object status code is 404
    And copy object error is "object_not_exists"

  Scenario: an object that is stored where it is seldom read
    When put object "seldom" in storage class "STANDARD_IA"
    Then put object status code is 201
    When head object with key "seldom"
    Then head object storage class is "STANDARD_IA"
    And head object content length is 7

  Scenario: an object that is damaged on its way leaves the one before it as it was
    Given an object "damaged" with content "whole"
    When put object "damaged" with content "hole" that was damaged on its way
    Then put object status code is 400
    And put object error is "bad_digest"
    When get object "damaged"
    Then get object content is "whole"

  Scenario: deleting what is not there is no error
    When delete object "never put" that may be missing
    Then delete object status code is 204
    When get object "never put"
    Then get object error is "object_not_exists"
