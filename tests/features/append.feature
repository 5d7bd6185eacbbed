@append
Feature: objects that grow

  Scenario: an object grows at its end
    When append object "log" at 0 with content "one,"
    Then append object status code is 200
    And append object goes on at 4
    When append object "log" at 4 with content "two"
    Then append object goes on at 7
    When get object "log"
    Then get object content is "one,two"
    When head object with key "log"
    Then head object says that it grows at 7

  Scenario: two writers at one place do not overwrite each other
    When append object "log" at 4 with content "three"
    Then append object status code is 400
    And append object error is "invalid_argument"
    When get object "log"
    Then get object content is "one,two"

  Scenario: an object that was put does not grow
    Given an object "fixed" with content "whole"
    When append object "fixed" at 5 with content "more"
    Then append object status code is 400
    When get object "fixed"
    Then get object content is "whole"
