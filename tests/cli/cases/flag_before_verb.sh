hlwq --json help
