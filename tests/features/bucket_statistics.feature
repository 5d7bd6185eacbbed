@emulator_only
Feature: statistics of a bucket

  Scenario: get bucket statistics returns the number and the size of the objects
    Given an object "a" with content "1"
    And an object "b" with content "four"
    When get bucket statistics
    Then get bucket statistics status code is 200
    And get bucket statistics status is "active"
    And get bucket statistics count is 2 and size is 5
