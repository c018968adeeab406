@0xb1d0a9a7f2c04e61;
# Records that only tests use: every kind of field, index and rule once. Numbers from 60000 belong
# to tests.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::test");
using A = import "/engine/schema/annotations.capnp";

enum Color {
  red @0;
  darkBlue @1 $A.json("dark_blue");
  green @2;
}

enum Mood {
  unknown @0;
  good @1;
  bad @2;
}

struct Item $A.strict {
  title @0 :Text $A.required;
  quantity @1 :Float64 $A.required $A.minimum(0);
  price @2 :Int64 $A.required $A.money;
  note @3 :Text;
}

struct Sample $A.record((collection = "samples", number = 60001, key = ["owner", "seq"], indexes = [
    (number = 1, fields = ["email"], unique = true, when = "live"),
    (number = 2, fields = ["color", "createdAt"]),
    (number = 3, fields = ["code"], unique = true),
    (number = 4, fields = ["code", "live"]),
    (number = 9, fields = ["score"], unique = true)])) {
  owner @0 :Text;
  seq @1 :Int64;
  email @2 :Text;
  live @3 :Bool;
  color @4 :Color;
  mood @5 :Mood $A.nullable;
  createdAt @6 :Int64 $A.timestamp;
  endedAt @7 :Int64 = A.nullInt $A.nullable $A.timestamp;
  price @8 :Int64 $A.money;
  discount @9 :Int64 = A.nullInt $A.nullable $A.money;
  small @10 :Int16 = -5;
  score @11 :Int32 = A.nullInt32 $A.nullable;
  big @12 :UInt64;
  ratio @13 :Float64 = nan $A.nullable;
  weight @14 :Float32;
  tags @15 :List(Text);
  colors @16 :List(Color);
  item @17 :Item;
  items @18 :List(Item);
  meta @19 :Text $A.jsonText("any");
  secret @20 :Text $A.internal;
  zone @21 :Text = "UTC";
  active @22 :Bool = true;
  blob @23 :Data $A.internal;
  renamed @24 :Text $A.json("other_name");
  code @25 :Text;
}

# The same place on disk as Sample, as a build without most of its fields saw it.
struct OldSample {
  owner @0 :Text;
  seq @1 :Int64;
  email @2 :Text;
}

# Fixed bytes in golden tests: fields are never changed.
struct Golden $A.record((collection = "goldens", number = 60002, key = ["id"])) {
  id @0 :Text;
  count @1 :Int32 = 7;
  at @2 :Int64 $A.timestamp;
  on @3 :Bool;
}

struct Design $A.strict {
  heading @0 :Text $A.required;
  width @1 :Float64 $A.required $A.minimum(200) $A.maximum(1200);
  color @2 :Color $A.required;
  devices @3 :List(Color);
  item @4 :Item;
}

struct Shapes {
  design @0 :Design;
}

struct SampleInput $A.strict {
  name @0 :Text $A.required $A.notEmpty $A.minLength(2) $A.maxLength(5);
  email @1 :Text $A.required $A.format("email");
  count @2 :Int32 $A.required $A.minimum(1) $A.maximum(10);
  price @3 :Int64 $A.required $A.money $A.minimum(0);
  start @4 :Int64 $A.required $A.timestamp;
  color @5 :Color $A.required;
  flag @6 :Bool $A.required;
  tags @7 :List(Text) $A.required;
  ratio @8 :Float64 $A.required;
  design @9 :Text $A.required $A.jsonText("object") $A.shape("Design");
  list @10 :Text $A.required $A.jsonText("array");
  item @11 :Item $A.required;
  items @12 :List(Item) $A.required;
  ref @13 :Text $A.required $A.format("uuid");
  colors @14 :List(Color) $A.required;
  shapes @15 :Shapes $A.rulesOnly;
}

# Everything optional; unknown keys are ignored.
struct PatchInput {
  email @0 :Text $A.format("email");
  score @1 :Int32 = A.nullInt32 $A.nullable $A.minimum(1) $A.alias("points");
  endedAt @2 :Int64 = A.nullInt $A.nullable $A.timestamp;
  price @3 :Int64 $A.money;
  discount @4 :Int64 = A.nullInt $A.nullable $A.money;
  mood @5 :Mood $A.nullable;
  meta @6 :Text $A.jsonText("text:any");
  small @7 :Int16 = -5;
  big @8 :UInt64;
  ratio @9 :Float64 = nan $A.nullable;
  weight @10 :Float32;
  tags @11 :List(Text);
  items @12 :List(Item);
  secret @13 :Text $A.internal;
  active @14 :Bool = true;
  design @15 :Text $A.jsonText("object") $A.shape("Design");
  zone @16 :Text = "UTC";
  onlyHere @17 :Text;
  wide @18 :Int64;
  colors @19 :List(Color);
  item @20 :Item;
  shapes @21 :Shapes $A.rulesOnly;
}

# Items with another unit and another type, which copying refuses.
struct OtherUnit {
  price @0 :Int64;
}

struct OtherType {
  title @0 :Bool;
}
