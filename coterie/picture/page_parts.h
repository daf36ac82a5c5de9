// The parts of the page that are the same for every run. They are files of their own kinds in
// coterie/picture/page/, put into the program when it is built.
#pragma once

#include <string_view>

namespace coterie::picture {

std::string_view page_style();
std::string_view page_body();
std::string_view page_script();  // all of page/*.js, in one function

}  // namespace coterie::picture
