@0xf9111d458c226967;
# What a schema says beyond types: keys, indexes, JSON names and input rules. The catalog
# (catalog.h) reads these through reflection; nobody keeps a second list of fields.
#
# Record, index and field ordinals are on disk: never reused, never renumbered. A dropped field
# stays as obsolete...

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::schema");

# The null of a nullable integer or timestamp: `x @3 :Int64 = .nullInt $nullable`. Absent data reads
# as null.
const nullInt :Int64 = -9223372036854775808;
const nullInt32 :Int32 = -2147483648;
# The null of a nullable Float64 is `nan`; of a Text or List the null pointer.

struct Record {
  collection @0 :Text;        # Plural name, as dumps and metrics show it.
  number @1 :UInt16;          # Part of every key.
  key @2 :List(Text);         # The fields of the primary key, in order.
  indexes @3 :List(Index);
}

struct Index {
  number @0 :UInt8;           # Unique within the record; part of every index key.
  fields @1 :List(Text);      # In sort order; the primary key follows in a plain index.
  unique @2 :Bool;
  when @3 :Text;              # Name of a Bool field: only records where it is true have a row.
  # Text fields to search in. A record has a row per distinct folded word of them (engine/codec/words.h),
  # which leads the row; `fields` follow and may be empty. Never unique.
  words @4 :List(Text);
  # Each row holds the whole record beside its key, so that a scan reads neighbours instead of one record
  # here and one there. For lists that are read far more often than their records change. Never unique.
  covers @5 :Bool;
}

annotation record @0xe18ba1987574ece3 (struct) :Record;

# --- JSON ---
# JSON name, when it differs from the field's.
annotation json @0xe38c3d15c9776c20 (field, enumerant) :Text;
annotation internal @0xe490ead75d73534d (field) :Void;           # Stored, never written to JSON.
# A scalar whose default value means null.
annotation nullable @0xdd89d7eeb38ac443 (field) :Void;
# Int64 Unix ms; ISO-8601 text in JSON.
annotation timestamp @0x9f7621a097a7dffd (field) :Void;
# Int64 hundredths; a number with two decimals in JSON.
annotation money @0xd32458189540a666 (field) :Void;
# Text that holds a JSON document, written to JSON as it is. On input the value must be an object or
# array ("object", "array", "any"); with "text:..." a string holding such a document is taken too.
annotation jsonText @0x8f0dba6a707d4eac (field) :Text;
# Name of the struct whose rules a jsonText object must meet, such as "PopupDesign". Reflection only
# reaches structs that a field mentions, so one field of the same struct must lead there, usually
# one marked $rulesOnly:
#   shapes @9 :PopupShapes $rulesOnly;   with   struct PopupShapes { design @0 :PopupDesign; ... }
annotation shape @0xc194859d6f5d45b9 (field) :Text;
# No data: neither stored, read, written nor listed in the catalog.
annotation rulesOnly @0xb25148e789f07d54 (field) :Void;

# Groups and unions are refused. Data and lists other than of Text, enums and structs must be
# $internal. An $internal field is never taken from JSON either. A nullable enum's default enumerant
# means null and is not offered on input.

# --- Input rules; messages follow in this order ---
# Unknown keys are errors, otherwise ignored.
annotation strict @0x992070771b5eb92d (struct) :Void;
# Absent and null are errors; otherwise optional.
annotation required @0x9fea95db264db3a3 (field) :Void;
annotation notEmpty @0xca8df82385d82810 (field) :Void;           # Text: not "" after trimming.
annotation minLength @0xdd1aad83897013fa (field) :UInt32;        # Text, in characters.
annotation maxLength @0xca7feb943237bf12 (field) :UInt32;
annotation minimum @0xecfbd36ee0cc8d19 (field) :Float64;         # Numbers and money, inclusive.
annotation maximum @0x8f78b1871fec8904 (field) :Float64;
annotation format @0xfe56a5a048c047a2 (field) :Text;             # Text: "email" or "uuid".
# Another JSON name taken on input when the first is absent.
annotation alias @0xe07e9b2131fd2003 (field) :Text;
