// The response cache `redis`: answers in a Redis server, which several servers may share and which outlives them.
//
// Settings: host, port and those of settings.h.
#include <string>

#include "client.h"
#include "neso/cache/cache.h"
#include "settings.h"
#include "stored_hash.h"

namespace neso::redis_cache {
namespace {

using backend::Result;
using backend::Status;

std::string_view TextOf(const redisReply& reply) { return {reply.str, reply.str == nullptr ? 0 : size_t(reply.len)}; }

class RedisCache final : public cache::Cache {
 public:
  static Result<std::unique_ptr<RedisCache>> Create(const rapidjson::Value& json) {
    NESO_ASSIGN_OR_RETURN(Settings settings, ReadSettings(json));
    auto made = std::make_unique<RedisCache>(std::move(settings));
    if (Status pinged = made->Ping(); !pinged.ok()) {
      const bool is_ours = pinged.code() == TRITONSERVER_ERROR_INVALID_ARG;  // a setting, not the server
      return Status(is_ours ? TRITONSERVER_ERROR_INVALID_ARG : TRITONSERVER_ERROR_INTERNAL,
                    backend::Concat("Failed to initialize RedisCache: ", pinged.message()));
    }
    return made;
  }

  explicit RedisCache(Settings settings)
      : time_to_live_(settings.time_to_live.count() == 0 ? "" : std::to_string(settings.time_to_live.count())),
        client_(std::move(settings)) {}

  Status Insert(std::string_view key, cache::Insertion& answer) override {
    NESO_ASSIGN_OR_RETURN(const std::vector<size_t> sizes, answer.Sizes());
    cache::Answer copy(sizes);
    NESO_RETURN_IF_ERROR(answer.CopyTo(copy.Writable()));

    std::vector<std::string> kept;
    std::vector<std::vector<std::string_view>> commands{{"HSET", key}};
    const std::vector<std::string_view> fields = FieldsOf(copy.Buffers(), kept);
    commands[0].insert(commands[0].end(), fields.begin(), fields.end());
    if (!time_to_live_.empty()) commands.push_back({"EXPIRE", key, time_to_live_});
    bool timed_out = false;
    Result<std::vector<Reply>> replies = client_.Ask(commands, &timed_out);
    if (!replies.ok())
      return Failed(timed_out ? "Timeout inserting key: " : "Failed to insert key: ", key, replies.status());
    for (const Reply& reply : *replies) {
      if (reply->type == REDIS_REPLY_ERROR)
        return Status::Internal("Failed to insert key: ", key, ": ", TextOf(*reply));
    }
    // How many fields are new.
    if ((*replies)[0]->integer != 0) return {};
    return {TRITONSERVER_ERROR_ALREADY_EXISTS, backend::Concat("key ", key, " already exists")};
  }

  Status Find(std::string_view key, cache::Lookup& answer) override {
    const std::vector<std::string_view> commands[] = {{"HGETALL", key}};
    bool timed_out = false;
    Result<std::vector<Reply>> replies = client_.Ask(commands, &timed_out);
    if (!replies.ok()) {
      return Failed(timed_out ? "Timeout retrieving key: " : "Failed to retrieve key: ", key, replies.status());
    }
    const redisReply& reply = *(*replies)[0];
    if (reply.type == REDIS_REPLY_ERROR) return Status::Internal("Failed to retrieve key: ", key, ": ", TextOf(reply));
    if (reply.type != REDIS_REPLY_ARRAY) return Status::Internal("Error: encountered incomplete cache result.");
    if (reply.elements == 0) return Status::NotFound("did not find entry");
    std::vector<Field> fields;
    for (size_t i = 0; i + 1 < reply.elements; i += 2) {
      fields.emplace_back(TextOf(*reply.element[i]), TextOf(*reply.element[i + 1]));
    }
    const auto buffers = BuffersOf(fields);
    if (!buffers) return Status::Internal("Error: encountered incomplete cache result.");
    return answer.CopyFrom(*buffers);
  }

 private:
  static Status Failed(const char* what, std::string_view key, const Status& status) {
    return Status::Unavailable(what, key, ": ", status.message());
  }

  Status Ping() {
    const std::vector<std::string_view> commands[] = {{"PING"}};
    bool timed_out = false;
    Result<std::vector<Reply>> replies = client_.Ask(commands, &timed_out);
    if (!replies.ok()) return replies.TakeStatus();
    const redisReply& reply = *(*replies)[0];
    return reply.type == REDIS_REPLY_ERROR ? Status::Internal(TextOf(reply)) : Status();
  }

  const std::string time_to_live_;  // in seconds; empty: for good
  Client client_;
};

}  // namespace
}  // namespace neso::redis_cache

NESO_CACHE(neso::redis_cache::RedisCache)
