hlwq help --mna
