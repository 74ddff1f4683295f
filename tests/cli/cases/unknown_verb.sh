hlwq hepl
