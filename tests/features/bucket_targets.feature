@bucket
Feature: settings of a bucket that name another place

  Scenario: access is logged to another bucket
    Given a bucket "logs-of-scenario"
    When put bucket logging:
    """
    { "target_bucket": "logs-of-scenario", "target_prefix": "access/" }
    """
    Then put bucket logging status code is 200
    When get bucket logging
    Then get bucket logging goes to "access/" in "logs-of-scenario"
    When delete bucket logging
    Then delete bucket logging status code is 204

  Scenario: what is missing is fetched from another site
    When put bucket external mirror:
    """
    { "source_site": "http://example.com/files/" }
    """
    Then put bucket external mirror status code is 200
    When get bucket external mirror
    Then get bucket external mirror should have source_site "http://example.com/files/"
    When delete bucket external mirror
    Then delete bucket external mirror status code is 204

  Scenario: a bucket has names of its own
    When put bucket CNAME "files.example.com"
    Then put bucket CNAME status code is 200
    When put bucket CNAME "www.example.com" of type "website"
    Then put bucket CNAME status code is 200
    When get bucket CNAME
    Then get bucket CNAME status code is 200
    And get bucket CNAME domains are "files.example.com"
    When get bucket CNAME of type "website"
    Then get bucket CNAME domains are "www.example.com"
    When delete bucket CNAME "files.example.com"
    Then delete bucket CNAME status code is 204
    When get bucket CNAME
    Then get bucket CNAME domains are ""
    When get bucket CNAME of type "website"
    Then get bucket CNAME domains are "www.example.com"
