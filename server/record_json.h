#pragma once
// Records as the JSON of an answer: one, or an array.

#include <string>
#include <vector>

#include "engine/codec/json_out.h"
#include "engine/codec/stored.h"

namespace tenantry::server {

template <class T>
std::string RecordJson(const codec::Stored<T>& record) {
  std::string json;
  codec::AppendObject<T>(&json, *record);
  return json;
}

template <class T>
std::string RecordArray(const std::vector<codec::Stored<T>>& records) {
  std::string json = "[";
  for (const codec::Stored<T>& record : records) {
    if (json.size() > 1) json.push_back(',');
    codec::AppendObject<T>(&json, *record);
  }
  json.push_back(']');
  return json;
}

}  // namespace tenantry::server
