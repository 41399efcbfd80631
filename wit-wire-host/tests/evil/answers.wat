;; Answers of handle that are none: `result<string, handle-err>` is a tag at 0, then a string at 4, or the tag of the error at 4 and a
;; string at 8.
(data (i32.const 128) "\ff\ff\ff\ff\ed\a0\80\c0\80\f4\90\80\80") ;; 255 four times, a surrogate, a long zero, beyond Unicode
(func $words (param $first i32) (param $second i32) (param $third i32) (param $fourth i32)
  (i32.store (i32.const 64) (local.get $first))
  (i32.store (i32.const 68) (local.get $second))
  (i32.store (i32.const 72) (local.get $third))
  (i32.store (i32.const 76) (local.get $fourth)))
(func $string (param $at i32) (param $length i32)
  (call $words (i32.const 0) (local.get $at) (local.get $length) (i32.const 0)))
(func $pointer (param $at i32) (i32.store (i32.const 60) (local.get $at)))

(func $evil:pointer_beyond (call $pointer (i32.const 0x7ffffff0)))
(func $evil:pointer_at_the_end (call $pointer (i32.const 4194300)))
(func $evil:pointer_minus_one (call $pointer (i32.const -4)))
(func $evil:pointer_unaligned (call $pointer (i32.const 65)))

(func $evil:tag (call $words (i32.const 2) (i32.const 0) (i32.const 4) (i32.const 0)))
(func $evil:tag_255 (call $words (i32.const 255) (i32.const 0) (i32.const 4) (i32.const 0)))
(func $evil:error_tag (call $words (i32.const 1) (i32.const 3) (i32.const 0) (i32.const 4)))

(func $evil:string_beyond (call $string (i32.const 0x7ffffff0) (i32.const 1)))
(func $evil:string_across_the_end (call $string (i32.const 4194303) (i32.const 2)))
(func $evil:length_2_32 (call $string (i32.const 0) (i32.const -1)))
(func $evil:wraps_around (call $string (i32.const -1) (i32.const -1)))
(func $evil:empty_beyond (call $string (i32.const -1) (i32.const 0)))
(func $evil:empty_at_the_end (call $string (i32.const 65536) (i32.const 0)))

(func $evil:bytes_of_255 (call $string (i32.const 128) (i32.const 4)))
(func $evil:surrogate (call $string (i32.const 132) (i32.const 3)))
(func $evil:long_zero (call $string (i32.const 135) (i32.const 2)))
(func $evil:beyond_unicode (call $string (i32.const 137) (i32.const 4)))

;; The answer is its own description.
(func $evil:overlap (call $string (i32.const 64) (i32.const 12)))
(func $evil:no_json (call $string (i32.const 1) (i32.const 3)))
(func $evil:nothing (call $string (i32.const 0) (i32.const 0)))
(func $evil:zeros (call $string (i32.const 1024) (i32.const 8)))

(func $evil:too_large (call $string (i32.const 4096) (i32.const 16385)))
(func $evil:error_too_large (call $words (i32.const 1) (i32.const 2) (i32.const 4096) (i32.const 16385)))
(func $evil:input_error_too_large (call $words (i32.const 1) (i32.const 1) (i32.const 4096) (i32.const 16385)))
(func $evil:error_not_utf8 (call $words (i32.const 1) (i32.const 2) (i32.const 128) (i32.const 4)))
(func $evil:no_handler (call $words (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
