hlwq help
