hlwq --version
