@object
Feature: objects, in addition to the official scenarios

  Scenario Outline: get object with a range returns the range
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

  Scenario: get object with a range beyond the end is refused
    When get object "digits" with range "bytes=10-"
    Then get object status code is 416
    And get object error is "invalid_range"

  Scenario: get object with If-Match or If-Unmodified-Since returns the object or 412
    When get object "digits" with If-Match and its ETag
    Then get object status code is 200
    And get object content is "0123456789"
    When get object "digits" with If-Match and another ETag
    Then get object status code is 412
    When get object "digits" with If-Unmodified-Since tomorrow
    Then get object status code is 200
    When get object "digits" with If-Unmodified-Since yesterday
    Then get object status code is 412

  Scenario: get object with If-None-Match or If-Modified-Since returns the object or 304
    When get object "digits" with If-None-Match and another ETag
    Then get object status code is 200
    When get object "digits" with If-None-Match and its ETag
    Then get object status code is 304
    When get object "digits" with If-Modified-Since yesterday
    Then get object status code is 200
    When get object "digits" with If-Modified-Since its own date
    Then get object status code is 304

  Scenario: copy object checks conditions and replaces metadata
    When copy object "digits" to "copy" with If-Match and another ETag
    Then copy object status code is 412
    When get object "copy"
    Then get object status code is 404
    When copy object "digits" to "copy" with If-Match and its ETag
    Then copy object status code is 201
    When copy object "copy" to "copy of copy" and replace its metadata by "colour":"light blue"
    Then copy object status code is 201
    When get object "copy of copy"
    Then get object content is "0123456789"
    And get object metadata is "colour":"light blue" and nothing else

  Scenario: copy object without the source object is refused
    When copy object "missing" to "copy"
    Then copy object status code is 404
    And copy object error is "object_not_exists"

  Scenario: put object with a storage class stores it
    When put object "infrequent" in storage class "STANDARD_IA"
    Then put object status code is 201
    When head object with key "infrequent"
    Then head object storage class is "STANDARD_IA"
    And head object content length is 7

  Scenario: put object with a wrong MD5 keeps the previous object
    Given an object "damaged" with content "whole"
    When put object "damaged" with content "hole" and the MD5 of other content
    Then put object status code is 400
    And put object error is "bad_digest"
    When get object "damaged"
    Then get object content is "whole"

  Scenario: delete object without the object succeeds
    When delete object "missing"
    Then delete object status code is 204
    When get object "missing"
    Then get object error is "object_not_exists"
