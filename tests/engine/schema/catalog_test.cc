#include "engine/schema/catalog.h"

#include <cmath>
#include <filesystem>
#include <thread>

#include <capnp/schema-parser.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kj/filesystem.h>

#include "engine/schema/annotations.capnp.h"
#include "engine/schema/collections.h"

namespace tenantry::schema {
namespace {

using testing::ElementsAre;

// Schemas read from text. Infos live as long as the process and refer to their schemas, so these
// are never freed.
class Schemas {
 public:
  Schemas()
      : disk_(kj::newDiskFilesystem()),
        source_(disk_->getRoot().openSubdir(disk_->getCurrentPath().evalNative(TNT_SOURCE_DIR))),
        standard_(
            disk_->getRoot().openSubdir(disk_->getCurrentPath().evalNative(TNT_CAPNP_IMPORT_DIR))),
        memory_(kj::newInMemoryDirectory(kj::nullClock())) {}

  capnp::ParsedSchema ParseFile(const std::string& path) {
    return parser_.parseFromDirectory(*source_, kj::Path::parse(path.c_str()), Imports());
  }

  // The struct named S of a file with these declarations.
  capnp::StructSchema Parse(const std::string& declarations) {
    const std::string name = "t" + std::to_string(++count_) + ".capnp";
    char id[40];
    std::snprintf(id, sizeof id, "@0xa%015x;\n", count_);
    const std::string text =
        std::string(id) + "using A = import \"/engine/schema/annotations.capnp\";\n" + declarations;
    memory_->openFile(kj::Path(name.c_str()), kj::WriteMode::CREATE)->writeAll(text.c_str());
    return parser_.parseFromDirectory(*memory_, kj::Path(name.c_str()), Imports())
        .getNested("S")
        .asStruct();
  }

 private:
  kj::ArrayPtr<const kj::ReadableDirectory* const> Imports() {
    imports_[0] = source_.get();
    imports_[1] = standard_.get();
    return kj::arrayPtr(imports_, 2);
  }

  kj::Own<kj::Filesystem> disk_;
  kj::Own<const kj::ReadableDirectory> source_;
  kj::Own<const kj::ReadableDirectory> standard_;
  kj::Own<const kj::Directory> memory_;
  const kj::ReadableDirectory* imports_[2];
  capnp::SchemaParser parser_;
  int count_ = 0;
};

Schemas& All() {
  static Schemas* const schemas = new Schemas;
  return *schemas;
}

const StructInfo& Info(const std::string& declarations) {
  return InfoFor(All().Parse(declarations));
}

const Collection& CollectionOfText(const std::string& declarations) {
  return CollectionFor(All().Parse(declarations));
}

int LookUpAll(capnp::ParsedSchema scope, std::map<uint16_t, std::string>* numbers) {
  int records = 0;
  for (capnp::ParsedSchema nested : scope.getAllNested()) {
    if (nested.getProto().isStruct()) {
      const capnp::StructSchema schema = nested.asStruct();
      InfoFor(schema);
      for (const auto annotation : schema.getProto().getAnnotations()) {
        if (annotation.getId() != 0xe18ba1987574ece3) continue;  // $record
        const Collection& collection = CollectionFor(schema);
        const auto [other, is_new] = numbers->emplace(collection.number, collection.name);
        EXPECT_TRUE(is_new) << collection.name << " and " << other->second << " share a number";
        ++records;
      }
    }
    records += LookUpAll(nested, numbers);
  }
  return records;
}

// Goal: no schema file of the engine contradicts itself.
// Method: the catalog stops the process at a contradiction, so look up every struct of every file.
TEST(CatalogTest, EveryStructOfTheEngineIsSound) {
  std::map<uint16_t, std::string> numbers;
  int records = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(TNT_SOURCE_DIR) + "/engine/schema")) {
    if (entry.path().extension() != ".capnp") continue;
    SCOPED_TRACE(entry.path().filename().string());
    records +=
        LookUpAll(All().ParseFile("engine/schema/" + entry.path().filename().string()), &numbers);
  }
  EXPECT_GT(records, 0);
  // The list that dumps and verification walk.
  EXPECT_EQ(AllCollections().size(), static_cast<size_t>(records));
  for (const auto& [number, name] : numbers) EXPECT_NE(FindCollection(number), nullptr) << name;
}

TEST(CatalogTest, FieldsComeInDeclarationOrder) {
  const StructInfo& info = Info(R"(struct S $A.strict { b @1 :Text; a @0 :Bool; c @2 :Int8; })");
  EXPECT_TRUE(info.strict);
  EXPECT_EQ(info.name, "S");
  ASSERT_EQ(info.fields.size(), 3u);
  EXPECT_EQ(info.fields[0].name, "b");
  EXPECT_EQ(info.fields[1].name, "a");
  EXPECT_EQ(info.fields[2].name, "c");
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(info.fields[i].ordinal, i);
  EXPECT_EQ(info.FindField("a"), &info.fields[1]);
  EXPECT_EQ(info.FindField("nobody"), nullptr);
}

TEST(CatalogTest, AnnotationsBecomeRules) {
  const StructInfo& info = Info(R"(
    enum E { one @0; two @1 $A.json("TWO"); }
    struct S {
      t @0 :Text = "dflt" $A.required $A.notEmpty $A.minLength(2) $A.maxLength(9)
        $A.alias("u") $A.json("tee");
      e @1 :E = two;
      m @2 :Int64 = A.nullInt $A.nullable $A.money $A.minimum(-1.5) $A.maximum(2);
      s @3 :Int64 $A.timestamp $A.internal;
      f @4 :Float64 = nan $A.nullable;
      mail @5 :Text $A.format("email");
      uuid @6 :Text $A.format("uuid");
      list @7 :List(E);
      small @8 :UInt16 = 3;
    })");
  const FieldInfo& t = *info.FindField("t");
  EXPECT_EQ(t.type, FieldType::kText);
  EXPECT_EQ(t.json_name, "tee");
  EXPECT_EQ(t.json_prefix, "\"tee\":");
  EXPECT_EQ(t.alias, "u");
  EXPECT_EQ(t.default_text, "dflt");
  EXPECT_TRUE(t.required);
  EXPECT_TRUE(t.not_empty);
  EXPECT_EQ(t.min_length, 2u);
  EXPECT_EQ(t.max_length, 9u);
  const FieldInfo& e = *info.FindField("e");
  EXPECT_EQ(e.type, FieldType::kEnum);
  EXPECT_THAT(e.enum_names, ElementsAre("one", "TWO"));
  EXPECT_EQ(e.default_bits, 1u);
  const FieldInfo& m = *info.FindField("m");
  EXPECT_TRUE(m.nullable);
  EXPECT_TRUE(m.money);
  EXPECT_EQ(m.minimum, -1.5);
  EXPECT_EQ(m.maximum, 2);
  EXPECT_EQ(m.default_bits, uint64_t{1} << 63);
  EXPECT_TRUE(info.FindField("s")->timestamp);
  EXPECT_TRUE(info.FindField("s")->internal);
  EXPECT_TRUE(info.FindField("f")->nullable);
  EXPECT_TRUE(info.FindField("mail")->email);
  EXPECT_TRUE(info.FindField("uuid")->uuid);
  EXPECT_EQ(info.FindField("list")->type, FieldType::kEnumList);
  EXPECT_THAT(info.FindField("list")->enum_names, ElementsAre("one", "TWO"));
  EXPECT_TRUE(info.FindField("small")->is_unsigned);
  EXPECT_EQ(info.FindField("small")->bits, 16);
}

TEST(CatalogTest, ShapesAreFoundThroughRulesOnlyFields) {
  const StructInfo& info = Info(R"(
    struct Deep { x @0 :Text; }
    struct Middle { deep @0 :List(Deep); self @1 :Middle; }
    struct S {
      doc @0 :Text $A.jsonText("object") $A.shape("Deep");
      shapes @1 :Middle $A.rulesOnly;
      after @2 :Bool;
    })");
  ASSERT_EQ(info.fields.size(), 2u);
  EXPECT_EQ(info.fields[1].ordinal, 1);
  ASSERT_NE(info.fields[0].shape, nullptr);
  EXPECT_EQ(info.fields[0].shape->name, "Deep");
  EXPECT_EQ(info.FindField("shapes"), nullptr);
}

TEST(CatalogTest, RecordsCarryKeysAndIndexes) {
  const Collection& collection = CollectionOfText(R"(
    struct S $A.record((collection = "things", number = 61000, key = ["a", "b"], indexes = [
        (number = 1, fields = ["b"], unique = true, when = "c"),
        (number = 7, fields = ["c", "a"])])) {
      a @0 :Text; b @1 :Int32; c @2 :Bool;
    })");
  EXPECT_EQ(collection.name, "things");
  EXPECT_EQ(collection.number, 61000);
  ASSERT_EQ(collection.key.size(), 2u);
  EXPECT_EQ(collection.key[1]->name, "b");
  ASSERT_EQ(collection.indexes.size(), 2u);
  EXPECT_TRUE(collection.Index(1).unique);
  EXPECT_EQ(collection.Index(1).when->name, "c");
  EXPECT_EQ(collection.Index(7).fields[0]->name, "c");
  EXPECT_EQ(collection.Index(7).when, nullptr);
  EXPECT_DEATH(collection.Index(2), "no index 2");
}

TEST(CatalogTest, LookUpsFromManyThreadsGiveOneAnswer) {
  const capnp::StructSchema schema = All().Parse("struct S { a @0 :Text; b @1 :List(S); }");
  std::vector<const StructInfo*> seen(8);
  std::vector<std::thread> threads;
  for (const StructInfo*& slot : seen)
    threads.emplace_back([&slot, schema] { slot = &InfoFor(schema); });
  for (std::thread& thread : threads) thread.join();
  for (const StructInfo* info : seen) EXPECT_EQ(info, seen[0]);
  EXPECT_EQ(seen[0]->fields[1].shape, seen[0]);
}

std::string RecordText(const std::string& key, const std::string& indexes,
                       const std::string& fields) {
  return "struct S $A.record((collection = \"x\", number = 61001, key = [" + key +
         "], indexes = [" + indexes + "])) { " + fields + " }";
}

TEST(CatalogDeathTest, ContradictingRecordsStopTheProcess) {
  const auto dies = [](const std::string& text, const char* message) {
    const capnp::StructSchema schema = All().Parse(text);
    EXPECT_DEATH(CollectionFor(schema), message) << text;
  };
  dies("struct S { a @0 :Text; }", "not marked");
  dies(RecordText("", "", "a @0 :Text;"), "needs a key");
  dies(RecordText("\"b\"", "", "a @0 :Text;"), "no field 'b'");
  dies(RecordText("\"a\"", "(number = 1, fields = [\"b\"])", "a @0 :Text;"), "no field 'b'");
  dies(RecordText("\"a\"", "(number = 1)", "a @0 :Text;"), "index without fields");
  dies(RecordText("\"a\"", "(number = 1, fields = [\"a\"]), (number = 1, fields = [\"a\"])",
                  "a @0 :Text;"),
       "two indexes share a number");
  dies(RecordText("\"a\"", "(number = 1, fields = [\"a\"], when = \"a\")", "a @0 :Text;"),
       "names no Bool");
  dies(RecordText("\"a\"", "", "a @0 :UInt64;"), "UInt64 does not fit");
  dies(RecordText("\"a\"", "", "a @0 :Float64;"), "key parts are");
  dies(RecordText("\"a\"", "", "a @0 :List(Text);"), "key parts are");
  dies("struct S $A.record((collection = \"x\", key = [\"a\"])) { a @0 :Text; }",
       "name and number");
}

TEST(CatalogDeathTest, RecordNumbersAreTakenOnce) {
  const char* record =
      "struct S $A.record((collection = \"x\", number = 61002, key = [\"a\"])) { a @0 :Text; }";
  CollectionOfText(record);
  const capnp::StructSchema second = All().Parse(record);
  EXPECT_DEATH(CollectionFor(second), "shares its number");
}

TEST(CatalogDeathTest, ContradictingFieldsStopTheProcess) {
  const auto dies = [](const std::string& fields, const char* message) {
    const capnp::StructSchema schema = All().Parse("enum E { a @0; } struct S { " + fields + " }");
    EXPECT_DEATH(InfoFor(schema), message) << fields;
  };
  dies("a @0 :Int32 $A.timestamp;", "timestamp needs Int64");
  dies("a @0 :Float64 $A.money;", "money needs Int64");
  dies("a @0 :Int64 $A.money $A.timestamp;", "exclude each other");
  dies("a @0 :Int64 $A.nullable;", "default nullInt");
  dies("a @0 :Int32 = A.nullInt32 $A.nullable; b @1 :UInt32 $A.nullable;", "default nullInt");
  dies("a @0 :Float64 $A.nullable;", "default nan");
  dies("a @0 :Bool $A.nullable;", "no value to spare");
  dies("a @0 :Bool $A.maxLength(3);", "text rules");
  dies("a @0 :Int64 $A.jsonText(\"object\");", "text rules");
  dies("a @0 :Text $A.minimum(3);", "no number");
  dies("a @0 :Int64 $A.timestamp $A.minimum(3);", "no number");
  dies("a @0 :Text $A.format(\"zip\");", "email or uuid");
  dies("a @0 :Text $A.jsonText(\"xml\");", "object, array or any");
  dies("a @0 :Data;", "must be .internal");
  dies("a @0 :List(Int32);", "must be .internal");
  dies("a @0 :List(List(Text)) $A.internal;", "list is not supported");
  dies("a @0 :AnyPointer;", "not supported");
  dies("union { a @0 :Text; b @1 :Text; }", "groups and unions");
  dies("g :group { a @0 :Text; }", "groups and unions");
  dies("a @0 :Text; b @1 :Text $A.json(\"a\");", "share a JSON name");
  dies("a @0 :Text; b @1 :Text $A.alias(\"a\");", "share a JSON name");
  dies("a @0 :Text $A.jsonText(\"object\") $A.shape(\"Nowhere\");", "no field leads to");
  dies("a @0 :Text $A.jsonText(\"array\") $A.shape(\"S\");", "needs .jsonText");
  dies("a @0 :List(Text) = [\"x\"];", "only scalars and Text");
  std::string many;
  for (int i = 0; i < 65; ++i)
    many += "f" + std::to_string(i) + " @" + std::to_string(i) + " :Bool;";
  dies(many, "more than 64 fields");
}

}  // namespace
}  // namespace tenantry::schema
