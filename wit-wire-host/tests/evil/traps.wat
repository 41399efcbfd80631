;; Every kind of trap that code without threads and garbage collection has.
(type $nothing (func))
(table 4 funcref)
(elem (i32.const 0) func $other_signature)
(data $passive "text")
(func $other_signature (param i32) (result i32) (local.get 0))

(func $evil:unreachable unreachable)

;; An instance that is reset may have as much memory as the limit allows, 4 MiB, of which its guest sees one page.
(func $evil:load (drop (i32.load (i32.const 0x7fffffff))))
(func $evil:load_across_the_end (drop (i64.load (i32.const 4194297))))
(func $evil:load_beyond_4_gib (drop (i64.load offset=0xffffffff (i32.const -1))))
(func $evil:store (i32.store8 (i32.const -1) (i32.const 1)))
(func $evil:fill (memory.fill (i32.const 1) (i32.const 1) (i32.const -1)))
(func $evil:copy (memory.copy (i32.const 0) (i32.const 4194303) (i32.const 2)))
(func $evil:init (memory.init $passive (i32.const 0) (i32.const 3) (i32.const 2)))

(func $evil:table_get (drop (table.get (i32.const 4))))
(func $evil:call_beyond (call_indirect (type $nothing) (i32.const -1)))
(func $evil:call_null (call_indirect (type $nothing) (i32.const 1)))
(func $evil:call_signature (call_indirect (type $nothing) (i32.const 0)))

(func $evil:divide_by_zero (drop (i32.div_s (i32.const 1) (i32.const 0))))
(func $evil:remainder_by_zero (drop (i64.rem_u (i64.const 1) (i64.const 0))))
(func $evil:divide_overflow (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
(func $evil:convert_nan (drop (i32.trunc_f32_s (f32.const nan))))
(func $evil:convert_overflow (drop (i64.trunc_f64_u (f64.const 1e300))))

(func $evil:recursion (call $evil:recursion) (call $evil:recursion))

;; A frame of some 200 bytes of arguments, twice.
(type $many (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
(func $ping (type $many)
  (i64.add (local.get 11) (call $pong
    (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)
    (local.get 7) (local.get 8) (local.get 9) (local.get 10) (local.get 11) (local.get 0))))
(func $pong (type $many)
  (i64.add (local.get 0) (call $ping
    (local.get 11) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
    (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10))))
(func $evil:mutual_recursion
  (drop (call $ping
    (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6)
    (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11) (i64.const 12))))
