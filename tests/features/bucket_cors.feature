@bucket_cors
Feature: cross-origin resource sharing (CORS)

  Scenario: options object returns what the CORS rules allow
    Given an object "page" with content "<p>"
    When options object "page" with method "GET" and origin "http://shop.example.com"
    Then options object status code is 200
    And options object allows nothing
    When put bucket CORS:
    """
    {
      "cors_rules": [
        {
          "allowed_origin": "http://*.example.com",
          "allowed_methods": ["GET", "PUT"],
          "allowed_headers": ["content-type"],
          "max_age_seconds": 200,
          "expose_headers": ["etag"]
        }
      ]
    }
    """
    Then put bucket CORS status code is 200
    When options object "page" with method "GET" and origin "http://shop.example.com"
    Then options object status code is 200
    And options object allows origin "http://shop.example.com" for 200 seconds
    And options object exposes header "etag"
    When options object "page" with method "PUT", origin "http://shop.example.com" and headers "Content-Type"
    Then options object allows origin "http://shop.example.com" for 200 seconds
    When options object "page" with method "DELETE" and origin "http://shop.example.com"
    Then options object allows nothing
    When options object "page" with method "GET" and origin "http://example.org"
    Then options object allows nothing

  Scenario: get bucket CORS returns the rules that were put
    When get bucket CORS
    Then get bucket CORS is:
    """
    {
      "cors_rules": [
        {
          "allowed_origin": "http://*.example.com",
          "allowed_methods": ["GET", "PUT"],
          "allowed_headers": ["content-type"],
          "expose_headers": ["etag"],
          "max_age_seconds": 200
        }
      ]
    }
    """
    When delete bucket CORS
    Then delete bucket CORS status code is 204
