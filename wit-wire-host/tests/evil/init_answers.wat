;; Answers of init that are none: `result<init-response, init-error>` is a tag at 0, then a byte at 4, or the tag of the error at 4 and at
;; 8 one string, or the three of a mat-info.
(data (i32.const 128) "\ff\ff\ff\ff")
(func $words (param $first i32) (param $second i32) (param $third i32) (param $fourth i32)
  (i32.store (i32.const 64) (local.get $first))
  (i32.store (i32.const 68) (local.get $second))
  (i32.store (i32.const 72) (local.get $third))
  (i32.store (i32.const 76) (local.get $fourth)))

(func $evil:pointer_beyond (i32.store (i32.const 60) (i32.const -4)))
(func $evil:tag (call $words (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 0)))
(func $evil:error_tag (call $words (i32.const 1) (i32.const 3) (i32.const 0) (i32.const 0)))
(func $evil:not_ready (call $words (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
;; Any byte but 0 is true.
(func $evil:readier_than_ready (call $words (i32.const 0) (i32.const 255) (i32.const 0) (i32.const 0)))
(func $evil:version_beyond (call $words (i32.const 1) (i32.const 0) (i32.const -1) (i32.const -1)))
(func $evil:version_not_utf8 (call $words (i32.const 1) (i32.const 0) (i32.const 128) (i32.const 4)))
(func $evil:version_too_large (call $words (i32.const 1) (i32.const 0) (i32.const 4096) (i32.const 16385)))
(func $evil:other_too_large (call $words (i32.const 1) (i32.const 2) (i32.const 4096) (i32.const 16385)))
;; All three strings of the refused op.
(func $evil:op_too_large
  (call $words (i32.const 1) (i32.const 1) (i32.const 4096) (i32.const 16385))
  (i64.store (i32.const 80) (i64.load (i32.const 72)))
  (i64.store (i32.const 88) (i64.load (i32.const 72))))
(func $evil:op_beyond
  (call $words (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 4))
  (i64.store (i32.const 80) (i64.const -1)))
(func $evil:op_that_was_never_given
  (call $words (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 4))
  (i64.store (i32.const 80) (i64.const 0))
  (i64.store (i32.const 88) (i64.const 0)))
