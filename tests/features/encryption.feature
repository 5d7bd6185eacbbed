@encryption
Feature: encryption with a customer key, in addition to the official scenarios

  Scenario: get object without the customer key of an encrypted object is refused
    When put encryption object "secret" with "AES256", "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", "3I/h1kl+vSP1l12NKhxegQ=="
    Then put encryption object status code is 201
    When get encryption object "secret" without a customer key
    Then get encryption object status code is 400
    When head encryption object with key "secret" with "AES256", "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", "3I/h1kl+vSP1l12NKhxegQ=="
    Then head encryption object status code is 200
    When delete encryption object "secret"
    Then delete encryption object status code is 204
