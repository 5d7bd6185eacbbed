@append
Feature: appendable objects

  Scenario: append object at the end extends the object
    When append object "log" at 0 with content "one,"
    Then append object status code is 200
    And append object next position is 4
    When append object "log" at 4 with content "two"
    Then append object next position is 7
    When get object "log"
    Then get object content is "one,two"
    When head object with key "log"
    Then head object is appendable at 7

  Scenario: append object at a wrong position is refused
    When append object "log" at 4 with content "three"
    Then append object status code is 400
    And append object error is "invalid_argument"
    When get object "log"
    Then get object content is "one,two"

  Scenario: append object to an object that is not appendable is refused
    Given an object "fixed" with content "whole"
    When append object "fixed" at 5 with content "more"
    Then append object status code is 400
    When get object "fixed"
    Then get object content is "whole"
