@object
Feature: keys with characters that have a meaning in tables or URLs

  # The column `bytes` checks the escape sequences of the table: `\|` and `\\` are one byte. A backslash that begins no escape
  # sequence, as in `\-`, stands for itself.
  Scenario Outline: objects with special characters in the key
    When put object with key "<key>"
    Then put object status code is 201
    When list objects
    Then list objects returns one key of <bytes> bytes
    When get object with key "<key>"
    Then get object status code is 200
    When get object "<key>" with query signature
    Then get object with query signature content length is 1048576
    When copy object with key "<key>"
    Then copy object status code is 201
    When move object with key "<key>"
    Then move object status code is 201
    When delete the move object with key "<key>"
    Then delete the move object status code is 204
    When delete object with key "<key>"
    Then delete object status code is 204

    Examples:
      | key                    | bytes |
      | a\|b                   | 3     |
      | a\-b                   | 4     |
      | a\\b                   | 3     |
      | <a>                    | 3     |
      | "quoted"               | 8     |
      | 50%25+off & more?=#    | 19    |
      | //a//b/                | 7     |
      | ...                    | 3     |
      | مرحبا                  | 10    |
      | 🦀                     | 4     |
