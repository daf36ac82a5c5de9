// See picture.h.
#include "tests/tidy/picture.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

namespace coterie::tidy {

namespace {

constexpr int box_width = 128, box_height = 34, gap = 26, row_height = 92, margin = 20;

struct Box {
  int left = 0, top = 0;
  int centre() const { return left + box_width / 2; }
};

bool uses_everything(const Layers& layers, const std::string& room) {
  return layers.uses.at(room).contains("*");
}

// Rows from the bottom up: level 0 first. Rooms that use everything form the top row.
std::vector<std::vector<std::string>> rows_of(const Layers& layers) {
  const std::map<std::string, int> levels = layers.levels();
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> top;
  for (const std::string& room : layers.order) {
    if (uses_everything(layers, room)) {
      top.push_back(room);
      continue;
    }
    const auto level = static_cast<size_t>(levels.at(room));
    if (rows.size() <= level) rows.resize(level + 1);
    rows[level].push_back(room);
  }
  if (!top.empty()) rows.push_back(top);
  return rows;
}

// Within a row rooms are ordered by where what they use stands, so that arrows cross little.
std::map<std::string, Box> place(const Layers& layers,
                                 const std::vector<std::vector<std::string>>& rows, int width) {
  std::map<std::string, Box> boxes;
  const auto arrows = layers.arrows_to_draw();
  for (size_t level = 0; level < rows.size(); ++level) {
    std::vector<std::pair<int, std::string>> row;
    for (const std::string& room : rows[level]) {
      int sum = 0, count = 0;
      const auto used = arrows.find(room);
      if (used != arrows.end()) {
        for (const std::string& target : used->second) sum += boxes[target].centre(), ++count;
      }
      row.emplace_back(count == 0 ? 0 : sum / count, room);
    }
    std::stable_sort(row.begin(), row.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const int span = static_cast<int>(row.size()) * (box_width + gap) - gap;
    // Odd rows stand a little aside, so that arrows over two rows pass between the boxes.
    int left = (width - span) / 2 + (level % 2 == 1 && row.size() > 1 ? gap : 0);
    for (const auto& [_, room] : row) {
      boxes[room] = {left, margin + static_cast<int>(rows.size() - 1 - level) * row_height};
      left += box_width + gap;
    }
  }
  return boxes;
}

}  // namespace

std::string draw_svg(const Layers& layers) {
  const auto rows = rows_of(layers);
  size_t widest = 0;
  for (const auto& row : rows) widest = std::max(widest, row.size());
  const int width = static_cast<int>(widest) * (box_width + gap) + 2 * margin + gap;
  const int height =
      static_cast<int>(rows.size()) * row_height + margin - (row_height - box_height) + margin;
  const auto boxes = place(layers, rows, width);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"14\">\n"
      "<title>The rooms of Coterie: who may enter which</title>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
      "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
      "markerHeight=\"7\" "
      "orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 Z\" fill=\"#5b6b7b\"/></marker></defs>\n",
      width, height);
  for (const auto& [room, targets] : layers.arrows_to_draw()) {
    const Box& from = boxes.at(room);
    for (const std::string& target : targets) {
      const Box& to = boxes.at(target);
      const int start = from.top + box_height, end = to.top - 2;
      svg += fmt::format(
          "<path d=\"M{} {} C{} {} {} {} {} {}\" fill=\"none\" stroke=\"#5b6b7b\" "
          "marker-end=\"url(#tip)\"/>\n",
          from.centre(), start, from.centre(), start + 34, to.centre(), end - 34, to.centre(), end);
    }
  }
  for (const auto& row : rows) {
    for (const std::string& room : row) {
      const Box& box = boxes.at(room);
      const bool top = uses_everything(layers, room);
      svg += fmt::format(
          "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{}\" "
          "stroke=\"#33475b\"{}/>\n"
          "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#1b2733\">{}</text>\n",
          box.left, box.top, box_width, box_height, top ? "#f4f4f4" : "#e6eef7",
          top ? " stroke-dasharray=\"4 3\"" : "", box.centre(), box.top + 22, room);
    }
  }
  return svg + "</svg>\n";
}

std::string draw_text(const Layers& layers) {
  size_t widest = 0;
  for (const std::string& room : layers.order) widest = std::max(widest, room.size());
  std::string text = "```\n";
  const auto rows = rows_of(layers);
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    for (const std::string& room : *row) {
      text += fmt::format("{:<{}}  uses", room, widest);
      if (uses_everything(layers, room)) text += " everything";
      if (layers.uses.at(room).empty()) text += " nothing";
      for (const std::string& used : layers.uses.at(room)) {
        if (used != "*") text += " " + used;
      }
      text += "\n";
    }
    if (row + 1 != rows.rend()) text += "\n";
  }
  return text + "```\n";
}

std::string with_generated_part(const std::string& page, const std::string& generated) {
  const size_t begin = page.find(generated_begin);
  const size_t end = page.find(generated_end);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return page;
  return page.substr(0, begin + generated_begin.size()) + generated + page.substr(end);
}

}  // namespace coterie::tidy
