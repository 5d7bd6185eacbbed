@emulator_only
Feature: bucket settings that name another bucket, site or domain

  Scenario: get bucket logging returns the target that was put
    Given a bucket "log-bucket"
    When put bucket logging:
    """
    { "target_bucket": "log-bucket", "target_prefix": "access/" }
    """
    Then put bucket logging status code is 200
    When get bucket logging
    Then get bucket logging target is prefix "access/" in bucket "log-bucket"
    When delete bucket logging
    Then delete bucket logging status code is 204

  Scenario: get bucket external mirror returns the source site that was put
    When put bucket external mirror:
    """
    { "source_site": "http://example.com/files/" }
    """
    Then put bucket external mirror status code is 200
    When get bucket external mirror
    Then get bucket external mirror should have source_site "http://example.com/files/"
    When delete bucket external mirror
    Then delete bucket external mirror status code is 204

  Scenario: get bucket CNAME returns the domains that were put
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
