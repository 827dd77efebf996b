# Makes a C file of a dictionary's bytes.
#   cmake -DROWS=<file.rows> -DOUT=<file.c> -P dictionary.cmake
cmake_minimum_required(VERSION 3.25)
file(READ ${ROWS} digits HEX)
string(REGEX REPLACE "(................................................................)" "\\1\n    " lines "${digits}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${lines}")
file(WRITE ${OUT} "#include \"core/wire/dictionary.h\"

static const uint8_t rows[] = {
    ${bytes}
};

struct bytes dictionary_1(void)
{
    return bytes_of(rows, sizeof rows);
}
")
