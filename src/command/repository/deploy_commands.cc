#include "command/repository/deploy_commands.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "base/write_file.h"
#include "command/check_words.h"
#include "command/repository/image_recipe.h"
#include "command/repository/repository_models.h"
#include "command/repository/service_unit.h"
#include "command/say.h"

namespace neso {
extern const std::string_view kServiceUnitText;  // deploy/systemd/neso.service
}

namespace neso::command {
namespace {

namespace fs = std::filesystem;

struct DeployWords {
  std::string repository, name = "neso", user, file;
  std::vector<std::string> options, backends, agents, caches, images;
  std::string image_name;
  ImageOrder order;  // what the words for an image say; ReadDockerfileWords makes it
};

// Absolute, without a '/' at its end.
Expected<fs::path> RepositoryFolder(const std::string& given) {
  std::error_code error;
  fs::path folder = fs::absolute(given, error).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (!fs::is_directory(folder, error)) return InvalidArg("'{}' is no folder: expected a repository of models", given);
  return folder;
}

// What is written consists of lines, and those who read it want UTF-8.
Status CheckIsOfLine(const std::string& text) {
  const bool has_controls = std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!has_controls && IsUtf8(text)) return {};
  return InvalidArg("'{}' cannot be written there: expected UTF-8 without line ends and the like", text);
}

Status CheckOptions(const std::vector<std::string>& options) {
  for (const std::string& option : options) {
    RETURN_IF_ERROR(CheckIsOfLine(option));
    if (!option.starts_with("--"))
      return InvalidArg("'{}': expected options of the server behind --, such as -- --http-port=9000", option);
  }
  return {};
}

Expected<int> Hand(const std::string& text, const std::string& file) {
  if (file.empty()) {
    Say(text);
    return kDone;
  }
  RETURN_IF_ERROR(WriteFile(file, text));
  Say(fmt::format("wrote {}\n", file));
  return kDone;
}

std::string UserName() {
  const passwd* const user = getpwuid(getuid());
  return user == nullptr ? std::to_string(getuid()) : user->pw_name;
}

bool IsNumber(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

// It may be made after the unit, or be of another machine.
void WarnOfUnknownUser(const std::string& name) {
  if (IsNumber(name) || getpwnam(name.c_str()) != nullptr) return;
  Warn(fmt::format("this machine has no user '{0}', and without one the service does not start: useradd --system {0}",
                   name));
}

bool ConsistsOf(const std::string& text, std::string_view signs) {
  return !text.empty() && std::ranges::all_of(text, [signs](unsigned char c) {
    return std::isalnum(c) != 0 || signs.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Status CheckService(const DeployWords& words) {
  if (!words.user.empty() && (!ConsistsOf(words.user, "_-.") || words.user.starts_with('-')))
    return InvalidArg("--user '{}': expected the name of a user, such as neso", words.user);
  RETURN_IF_ERROR(CheckOptions(words.options));
  // It is part of the names of folders and of the unit's file, where '%' and '@' mean something.
  constexpr size_t kMostBytes = 200;
  if (ConsistsOf(words.name, "_-.") && words.name.size() <= kMostBytes && !words.name.starts_with('.')) return {};
  return InvalidArg("--name '{}': expected a name of at most {} letters, digits, '-', '_' and '.'", words.name,
                    kMostBytes);
}

// Of the Python environment into which pip has put `program`, <environment>/lib/python3.X/site-packages/neso_server/bin/neso:
// its `neso` begins the path with it, but a unit starts the program itself.
std::string PythonFolder(const fs::path& program) {
  const fs::path package = program.parent_path().parent_path();
  if (package.filename() != "neso_server") return {};
  const fs::path folder = package.parent_path().parent_path().parent_path().parent_path() / "bin";
  std::error_code error;
  return fs::exists(folder / "python3", error) ? folder.string() : std::string();
}

Expected<int> WriteService(const DeployWords& words) {
  ASSIGN_OR_RETURN(const fs::path repository, RepositoryFolder(words.repository));
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return Internal("cannot find this program: {}", error.message());
  for (const std::string& text : {repository.string(), program.string()}) RETURN_IF_ERROR(CheckIsOfLine(text));
  if (!words.user.empty()) WarnOfUnknownUser(words.user);
  return Hand(ServiceUnit(kServiceUnitText, {.name = words.name,
                                             .program = program,
                                             .repository = repository,
                                             .user = words.user.empty() ? UserName() : words.user,
                                             .options = words.options,
                                             .python_folder = PythonFolder(program)}),
              words.file);
}

// That the models of `repository` need.
Expected<std::set<std::string>> BackendsOf(const fs::path& repository) {
  ASSIGN_OR_RETURN(const std::vector<FoundModel> models, ModelsIn(repository));
  if (models.empty())
    return InvalidArg("'{}' has no models, so that nobody can say what they need", repository.string());
  std::set<std::string> backends;
  for (const FoundModel& model : models) {
    if (!model.problem.empty()) return InvalidArg("model '{}': {}", model.name, model.problem);
    if (model.backend != "ensemble") backends.insert(model.backend);
  }
  return backends;
}

// They become words of a shell.
Status CheckNames(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const bool is_name = std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (name.empty() || !is_name) return InvalidArg("'{}' is no name: expected one such as onnxruntime", name);
  }
  return {};
}

// Whether it can stand where a recipe names an image: ghcr.io:443/team/neso:1.0@sha256:...
bool IsImage(const std::string& text) { return ConsistsOf(text, "._-/:@"); }

// "min,IMAGE" is what it stands on, "full,IMAGE" what has the parts.
Status TakeImages(const DeployWords& words, ImageOrder& order) {
  for (const std::string& word : words.images) {
    const std::string kind = word.substr(0, word.find(','));
    const std::string image = word.substr(std::min(word.size(), kind.size() + 1));
    if ((kind != "min" && kind != "full") || !IsImage(image))
      return InvalidArg("--image {}: expected min,IMAGE or full,IMAGE, such as full,neso:0.1.0", word);
    (kind == "min" ? order.base : order.full) = image;
  }
  order.name = words.image_name;
  if (order.name.empty() || IsImage(order.name)) return {};
  return InvalidArg("--output-name {}: expected the name of an image, such as team/neso:1.0", order.name);
}

Status ReadDockerfileWords(DeployWords& words) {
  // Without a folder of models the first option behind -- stands in its place.
  if (words.repository.starts_with("--"))
    words.options.insert(words.options.begin(), std::exchange(words.repository, {}));
  RETURN_IF_ERROR(CheckOptions(words.options));
  for (const auto* const names : {&words.backends, &words.agents, &words.caches}) RETURN_IF_ERROR(CheckNames(*names));
  words.order = {.agents = words.agents, .caches = words.caches, .options = words.options};
  RETURN_IF_ERROR(TakeImages(words, words.order));
  if (!words.repository.empty() || !words.backends.empty()) return {};
  return InvalidArg("expected a repository, or what the image is to have, such as --backend onnxruntime");
}

Expected<int> WriteDockerfile(const DeployWords& words) {
  std::set<std::string> backends(words.backends.begin(), words.backends.end());
  ImageOrder order = words.order;
  if (!words.repository.empty()) {
    ASSIGN_OR_RETURN(const fs::path repository, RepositoryFolder(words.repository));
    RETURN_IF_ERROR(CheckIsOfLine(repository.filename()));
    ASSIGN_OR_RETURN(std::set<std::string> needed, BackendsOf(repository));
    backends.merge(needed);
    order.repository = repository.filename();
  }
  order.backends.assign(backends.begin(), backends.end());
  return Hand(ImageRecipe(order), words.file);
}

void AddDeployOptions(CLI::App& app, DeployWords& words) {
  app.add_option("OPTION", words.options, "Options of the server, behind --.");
  app.add_option("-o,--output", words.file, "Write it into this file instead of printing it.")->type_name("FILE");
}

}  // namespace

Action SetUpService(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<DeployWords>();
  app.add_option("REPOSITORY", words->repository, "The folder of models.")->required();
  AddDeployOptions(app, *words);
  app.add_option("--name", words->name, "What the service is called; neso unless given.");
  app.add_option("--user", words->user, "Who it runs as; the one who asks unless given.");
  app.footer(
      "Example:\n  neso service models -o neso.service\n  neso service /srv/models --user neso -- --http-port=9000");
  CheckWords(app, [words] { return CheckService(*words); });
  return [words] { return WriteService(*words); };
}

Action SetUpDockerfile(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<DeployWords>();
  app.add_option("REPOSITORY", words->repository, "The folder of models; without one they are mounted at /models.");
  AddDeployOptions(app, *words);
  app.add_option("--backend", words->backends,
                 "A backend that the image has, besides those that the models need; again for others.")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--repoagent", words->agents, "A repository agent that it has, instead of all; again for others.")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--cache", words->caches, "A cache that it has, instead of all; again for others.")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--image", words->images,
                 "full,IMAGE: take the parts out of this image instead of the archive; min,IMAGE: stand on this one.")
      ->type_name("KIND,IMAGE")
      ->allow_extra_args(false);
  app.add_option("--output-name", words->image_name, "What the image is called.")->type_name("NAME");
  app.footer(
      "Example:\n  neso dockerfile models -o Dockerfile\n"
      "  neso dockerfile --backend onnxruntime --backend python --cache local -o Dockerfile\n"
      "  neso dockerfile --image full,neso:0.1.0 --backend python --output-name neso-python -o Dockerfile");
  CheckWords(app, [words] { return ReadDockerfileWords(*words); });
  return [words] { return WriteDockerfile(*words); };
}

}  // namespace neso::command
