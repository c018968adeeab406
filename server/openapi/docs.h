#pragma once
// Docs: what the OpenAPI document says of a route beyond its row in the route table, and the shapes of answers. Each module
// keeps its rows beside its routes (gym/api_docs.cc, popups/api_docs.cc); a test fails on a route without one.
//
// Types of answers and parameters are written as text, close to TypeScript:
//
//   string int number bool time date object any     and the name of a record or shape
//   {id: string, note?: string}    an object; `?` after the name: may be absent
//   {*: int}                       an object with any keys
//   T[]   T?   "a" | "b"           array, or null, one of
//   GymSession & {isBooked: bool}  the members of both
//
// Bodies are the input structs of the schema, with their rules: nobody writes them down twice.

#include <span>
#include <string_view>

namespace tenantry::schema {
struct StructInfo;
}

namespace tenantry::openapi {

using StructFunction = const schema::StructInfo& (*)();  // &schema::InfoOf<T>

struct RouteDoc {
  std::string_view route;    // "POST /bookings", as in the route table.
  std::string_view summary;  // What it does, in a few words, without a full stop.
  int status = 200;          // Of success.
  // Its type; empty for no body; a media type such as "text/csv" for what is not JSON.
  std::string_view answer = {};
  StructFunction input = nullptr;  // Rules of the body; null when none is read.
  std::string_view query = {};     // An object type whose members are the query parameters.
};

// A type with a name, which answers refer to.
struct Shape {
  std::string_view name;
  std::string_view type;
};

// Of one module. Everything is static.
struct ApiDocs {
  std::span<const RouteDoc> routes;
  std::span<const Shape> shapes;
  std::span<const StructFunction>
      records;  // Stored structs that answers show, under their schema names.
};

}  // namespace tenantry::openapi
