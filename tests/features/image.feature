Feature: image processing

  @emulator_only
  Scenario: image process is not implemented by the emulator
    Given an image "picture.png"
    When image process "picture.png" with action "resize:w_500,h_500"
    Then image process status code is 501
    And image process error is "not_implemented"
