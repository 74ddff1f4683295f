hlwq
