// Pictures for the examples that classify them: files in the format PPM ("P6"), which need no library.
#pragma once

#include <algorithm>
#include <fstream>
#include <sstream>

#include "example.h"

struct Picture {
  size_t width = 0, height = 0;
  std::vector<uint8_t> rgb;  // three bytes a pixel, row by row

  // As of a pixel that lies between pixels: of the nearest one.
  uint8_t At(size_t channel, size_t row, size_t rows, size_t column, size_t columns) const {
    return rgb[((row * height / rows) * width + column * width / columns) * 3 + channel];
  }
};

inline std::string FileContent(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  Must(file.good() && !content.str().empty(), "reading " + path);
  return content.str();
}

inline Picture ReadPicture(const std::string& path) {
  std::istringstream file(FileContent(path));
  std::string kind;
  size_t most = 0;
  Picture picture;
  file >> kind >> picture.width >> picture.height >> most;
  Must(file.good() && kind == "P6" && most == 255 && picture.width > 0 && picture.height > 0 && picture.width < 65536 &&
           picture.height < 65536,
       path + ": a PPM file with bytes (\"P6 <width> <height> 255\")");
  file.get();
  picture.rgb.resize(picture.width * picture.height * 3);
  file.read(reinterpret_cast<char*>(picture.rgb.data()), static_cast<std::streamsize>(picture.rgb.size()));
  Must(static_cast<size_t>(file.gcount()) == picture.rgb.size(), path + ": all its pixels");
  return picture;
}

// Prints "<value> (<index>) = <label>" for each class of each picture.
inline void ShowClasses(const tc::InferResult& result, const std::string& output,
                        const std::vector<std::string>& paths) {
  std::vector<std::string> classes;  // "<value>:<index>:<label>"
  Must(result.StringData(output, &classes), output);
  for (size_t i = 0; i < classes.size(); ++i) {
    const size_t of_each = classes.size() / paths.size();
    if (i % of_each == 0) std::cout << "Image '" << paths[i / of_each] << "':\n";
    std::istringstream parts(classes[i]);
    std::string value, index, label;
    std::getline(parts, value, ':');
    std::getline(parts, index, ':');
    std::getline(parts, label);
    std::cout << "    " << value << " (" << index << ") = " << label << "\n";
  }
}
