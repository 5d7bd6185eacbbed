@form
Feature: uploads with an HTML form

  Scenario: post object with a signed policy stores the object
    When post object "from/a browser.txt" with content "typed in"
    Then post object status code is 201
    When get object "from/a browser.txt"
    Then get object content is "typed in"
    And get object content type is "text/x-own"
    And get object metadata is "colour":"blue" and nothing else

  Scenario: post object with a redirect returns its location
    When post object "next" with content "typed in" and redirect "http://example.com/thanks"
    Then post object status code is 302
    And post object redirects to "http://example.com/thanks"

  Scenario: post object with a wrong signature is refused
    When post object "forged" with content "typed in" and a wrong signature
    Then post object status code is 401
    And post object error is "signature_not_matched"
    When get object "forged"
    Then get object status code is 404
