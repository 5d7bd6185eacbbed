@encryption
Feature: encryption with a customer's key, beyond what the official scenarios ask of it

  Scenario: what was encrypted is not handed out without its key, nor with another one
    When put encryption object "secret" with "AES256", "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", "3I/h1kl+vSP1l12NKhxegQ=="
    Then put encryption object status code is 201
    When get encryption object "secret" without its key
    Then get encryption object status code is 400
    When head encryption object with key "secret" with "AES256", "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", "3I/h1kl+vSP1l12NKhxegQ=="
    Then head encryption object status code is 200
    When delete encryption object "secret"
    Then delete encryption object status code is 204
