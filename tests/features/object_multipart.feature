@object_multipart
Feature: multipart uploads, in addition to the official scenarios

  Scenario: list multipart in pages returns the parts that were uploaded
    When initiate multipart upload with key "big"
    Then initiate multipart upload status code is 200
    When upload multipart part 0 of "big" with 4 MiB
    Then upload multipart status code is 201
    When upload multipart part 2 of "big" with 4 MiB
    And upload multipart part 7 of "big" with 1 MiB
    And list multipart of "big" with limit 2
    Then list multipart part numbers are "0, 2"
    When list multipart of "big" after part 2 with limit 2
    Then list multipart part numbers are "7"
    When list multipart of "big" after part 7 with limit 2
    Then list multipart part numbers are ""
    When complete multipart upload of "big" from parts "0, 2, 7"
    Then complete multipart upload status code is 201
    When head object with key "big"
    Then head object content length is 9437184

  Scenario: upload multipart copies a range of an object
    When initiate multipart upload with key "patchwork"
    And upload multipart part 1 of "patchwork" as a copy of "big", range "bytes=0-4194303"
    Then upload multipart status code is 201
    When upload multipart part 2 of "patchwork" as a copy of "big", range "bytes=9437184-9437184"
    Then upload multipart status code is 416
    When upload multipart part 2 of "patchwork" with 1 MiB
    And complete multipart upload of "patchwork" from parts "1, 2"
    Then complete multipart upload status code is 201
    When head object with key "patchwork"
    Then head object content length is 5242880

  Scenario: complete multipart upload with invalid parts is refused
    When initiate multipart upload with key "rejected"
    And upload multipart part 1 of "rejected" with 1 MiB
    And upload multipart part 2 of "rejected" with 1 MiB
    And complete multipart upload of "rejected" from parts "1, 2"
    Then complete multipart upload status code is 400
    And complete multipart upload error is "entity_too_small"
    When complete multipart upload of "rejected" from parts "2, 1"
    Then complete multipart upload error is "invalid_argument"
    When complete multipart upload of "rejected" from parts "1, 3"
    Then complete multipart upload error is "invalid_argument"
    When abort multipart upload with key "rejected"
    Then abort multipart upload status code is 204
    When abort multipart upload with key "rejected"
    Then abort multipart upload status code is 204
    When upload multipart part 1 of "rejected" with 1 MiB
    Then upload multipart error is "upload_not_exists"
    When get object "rejected"
    Then get object error is "object_not_exists"
