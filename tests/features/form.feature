@form
Feature: uploads by a browser's form

  Scenario: a form with a policy signed for it puts an object
    When post object "from/a browser.txt" with content "typed in"
    Then post object status code is 201
    When get object "from/a browser.txt"
    Then get object content is "typed in"
    And get object content type is "text/x-own"
    And get object metadata is "colour":"blue" and nothing else

  Scenario: the browser is led on
    When post object "next" with content "typed in" and redirect "http://example.com/thanks"
    Then post object status code is 302
    And post object leads to "http://example.com/thanks"

  Scenario: a policy that nobody signed puts nothing
    When post object "forged" with content "typed in" and a policy that nobody signed
    Then post object status code is 401
    And post object error is "signature_not_matched"
    When get object "forged"
    Then get object status code is 404
