;;; emacs.el --- the scenario of editors/trial.py in Emacs with eglot  -*- lexical-binding: t -*-
;; Run as `emacs --batch -l emacs.el' in a folder with model.py and train.py.  SOFTMAX_LINT_SERVER is the server's
;; command, words split by spaces.  Prints one line a step, leaves with status 1 at the first that fails.

(require 'package)
(package-initialize)
(require 'eglot)
(require 'flymake)
(require 'python)

(setq eglot-sync-connect 30
      eglot-send-changes-idle-time 0
      eglot-autoshutdown t
      flymake-no-changes-timeout 0.1
      make-backup-files nil
      create-lockfiles nil
      eglot-confirm-server-initiated-edits nil)
(add-to-list 'eglot-server-programs
             (cons '(python-mode) (split-string (or (getenv "SOFTMAX_LINT_SERVER") "softmax-lint server"))))

(defun try-say (form &rest values)
  (princ (apply #'format (concat form "\n") values)))

(defun try-fail (step shown)
  (try-say "FAILED %s: %S" step shown)
  (kill-emacs 1))

(defun try-wait (seconds done)
  "Wait until DONE gives non-nil, for so many SECONDS at most."
  (let ((end (+ (float-time) seconds)) found)
    (while (and (not (setq found (funcall done))) (< (float-time) end))
      (accept-process-output nil 0.05)
      (sit-for 0.02))
    found))

(defun try-codes (buffer)
  "Line and first word of every finding that flymake shows in BUFFER."
  (with-current-buffer buffer
    (sort (mapcar (lambda (each)
                    (format "%s@%d" (if (string-match "SML[0-9]+" (flymake-diagnostic-text each))
                                        (match-string 0 (flymake-diagnostic-text each))
                                      (flymake-diagnostic-text each))
                            (line-number-at-pos (flymake-diagnostic-beg each))))
                  (flymake-diagnostics))
          #'string<)))

(defun try-settles (step buffer wanted)
  "Check that the findings of BUFFER become WANTED and stay so."
  (try-wait 20 (lambda () (with-current-buffer buffer (flymake-start)) (equal (try-codes buffer) wanted)))
  (try-wait 1 #'ignore)
  (unless (equal (try-codes buffer) wanted)
    (try-fail step (try-codes buffer)))
  (try-say "ok %s" step))

(defun try-actions ()
  "The code actions at point."
  (append (jsonrpc-request (eglot--current-server-or-lose) :textDocument/codeAction
                           (list :textDocument (eglot--TextDocumentIdentifier)
                                 :range (list :start (eglot--pos-to-lsp-position) :end (eglot--pos-to-lsp-position))
                                 :context (list :diagnostics [])))
          nil))

(defun try-apply (start)
  "Apply the code action at point whose title begins with START."
  (let ((found (seq-find (lambda (each) (string-prefix-p start (plist-get each :title))) (try-actions))))
    (unless found (try-fail start (try-actions)))
    (eglot--apply-workspace-edit (plist-get found :edit))
    (eglot--signal-textDocument/didChange)))

(defun try-change (buffer from to)
  "Replace FROM by TO in BUFFER."
  (with-current-buffer buffer
    (goto-char (point-min))
    (while (search-forward from nil t) (replace-match to t t))
    (eglot--signal-textDocument/didChange)))

(defun try-open (name)
  (let ((buffer (find-file-noselect name)))
    (with-current-buffer buffer
      (python-mode)
      (apply #'eglot--connect (append (eglot--guess-contact) nil))
      buffer)))

(try-say "Emacs %s, eglot %s" emacs-version
         (if (fboundp 'package-get-version) (or (ignore-errors (package-version-join (package-desc-version (cadr (assq 'eglot package-alist))))) "with it") ""))

(let* ((model (with-current-buffer (find-file-noselect "model.py")
                (python-mode)
                (apply #'eglot (eglot--guess-contact))
                (current-buffer)))
       (train (with-current-buffer (find-file-noselect "train.py")
                (python-mode)
                (eglot--maybe-activate-editing-mode)
                (current-buffer))))
  (try-settles "one finding, once" model '("SML002@11"))
  (with-current-buffer model
    (goto-char (point-min)) (forward-line 10) (forward-char 20)
    (let ((shown (jsonrpc-request (eglot--current-server-or-lose) :textDocument/hover
                                  (eglot--TextDocumentPositionParams))))
      (unless (string-match-p "double-softmax" (format "%S" shown)) (try-fail "hover" shown))
      (try-say "ok hover shows the rule's page")))
  (try-settles "nothing in the other file" train nil)
  (try-change train "CrossEntropyLoss" "NLLLoss")
  (try-settles "an edit of the other file changes the finding here" model '("SML005@11"))
  (try-change train "NLLLoss" "CrossEntropyLoss")
  (try-settles "and back" model '("SML002@11"))
  (with-current-buffer model
    (goto-char (point-min))
    (insert "# né 𝛼\n")
    (eglot--signal-textDocument/didChange))
  (try-settles "rows move with the text" model '("SML002@12"))
  (with-current-buffer model
    (goto-char (point-min)) (forward-line 11) (forward-char 20)
    (try-apply "SML002: "))
  (try-settles "fixed" model nil)
  (with-current-buffer model
    (unless (string-match-p "return self.out(x)$" (buffer-string)) (try-fail "the fix is in the text" (buffer-string))))
  (try-change model "self.out(x)" "F.sigmoid(self.out(x))")
  (try-change train "CrossEntropyLoss" "BCELoss")
  (try-settles "a sigmoid before its loss" model '("SML101@12"))
  (with-current-buffer model
    (goto-char (point-min)) (forward-line 11) (forward-char 20)
    (try-apply "SML101: "))
  (try-settles "fixed in both files" model nil)
  (with-current-buffer train
    (unless (string-match-p "BCEWithLogitsLoss" (buffer-string)) (try-fail "the loss takes logits" (buffer-string))))
  (try-say "ok the loss takes logits")
  (with-current-buffer model
    (eglot-shutdown (eglot--current-server-or-lose) nil 5))
  (try-say "ok the server leaves"))
(kill-emacs 0)
;;; emacs.el ends here
