@bucket
Feature: statistics of a bucket

  Scenario: what a bucket holds is counted
    Given an object "a" with content "1"
    And an object "b" with content "four"
    When get bucket statistics
    Then get bucket statistics status code is 200
    And get bucket statistics status is "active"
    And get bucket statistics are 2 objects of 5 bytes together
