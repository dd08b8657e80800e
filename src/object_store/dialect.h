// How one store wants to be asked, with the credentials of one entry: what differs between S3, Google and Azure.
// Sending, sending again and reading on are the same for all (stores.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "object_store/http_client.h"
#include "object_store/store_url.h"
#include "repository/storage/object_stores.h"

namespace neso::object_store {

// What a store's answer says about a failure: "NoSuchBucket", "The specified bucket does not exist".
struct StoreComplaint {
  std::string code;
  std::string message;
};

// A part of an object that is to be read.
struct ObjectPart {
  const StoreUrl& url;
  std::string key;
  std::string version;
  uint64_t offset;
  uint64_t length;  // at least 1

  std::string Range() const { return fmt::format("bytes={}-{}", offset, offset + length - 1); }
};

// Thread-safe.
class Dialect {
 public:
  virtual ~Dialect() = default;

  // Requests with all they need, signed. Errors: credentials cannot be had.
  virtual Expected<HttpRequest> ListRequest(const StoreUrl& url, const ObjectListing& listing) = 0;
  virtual Expected<HttpRequest> ReadRequest(const ObjectPart& part) = 0;

  // Names relative to `prefix`.
  virtual Expected<ObjectPage> ParseListing(std::string_view body, const std::string& prefix) const = 0;
  // Of the whole object, from the answer to a ReadRequest.
  virtual ObjectDigests DigestsOf(const HttpResponse& response) const = 0;
  // Of what an answer brings; empty if it does not say.
  virtual std::string VersionOf(const HttpResponse& response) const = 0;
  virtual StoreComplaint ComplaintOf(const HttpResponse& response) const = 0;

  // A failure has taught something (the bucket's region), with which the same request may succeed.
  virtual bool LearnFrom(const StoreUrl& url, const HttpResponse& response) { return false; }
  // Credentials were refused: forget those that can be had anew. False: there are no others.
  virtual bool RenewCredentials() = 0;
  // Which credentials are in use, and what to set: "with the key AKIA... of AWS_ACCESS_KEY_ID; ...".
  virtual std::string Advice() const = 0;
};

// From "prefix/rest" to "rest", appended to the page as an object; the folder itself is left out.
void AddObject(ObjectPage& page, std::string_view key, const std::string& prefix, uint64_t size, std::string version);
// From "prefix/name/" to "name".
void AddFolder(ObjectPage& page, std::string_view key, const std::string& prefix);
// Decimal, and nothing else. Error: kInternal "expected a size, got ...".
Expected<uint64_t> ParseSize(std::string_view text);
// An entity tag without its quotation marks.
std::string_view WithoutQuotes(std::string_view tag);
// What an XML error says: <Error><Code/><Message/></Error>.
StoreComplaint ParseXmlComplaint(std::string_view body);

}  // namespace neso::object_store
