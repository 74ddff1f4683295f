hlwq quantize nothing-here out --json
