# Completion of awsenv for fish 3.5 and later. What fits is awsenv's to say: this only asks, and runs nothing that is typed.

# The words before the cursor's, without the assignments before the command.
function __awsenv_words
    set -l words (commandline -opc)
    while string match -qr '^\w+=' -- "$words[1]"
        set -e words[1]
    end
    printf '%s\n' $words
end

# What comes behind the first `--` of `exec`; fails elsewhere.
function __awsenv_command_of_exec
    set -l words (__awsenv_words)
    set -e words[1]
    while string match -q -- '-*' "$words[1]"
        set -e words[1]
    end
    test "$words[1]" = exec; or return
    set -l at (contains -i -- -- $words); or return
    set -e words[1..$at]
    string escape -- $words
    return 0
end

function __awsenv_complete
    if set -l command (__awsenv_command_of_exec)
        complete -C "$command $(commandline -ct)"
        return
    end
    set -l program awsenv
    set -q __awsenv_exe; and set program $__awsenv_exe
    set -l words (__awsenv_words)
    AWSENV_COMPLETE=fish command $program -- $words[2..-1] "$(commandline -ct)" 2>/dev/null
end

complete -c awsenv -e
complete -c awsenv -k -f -a '(__awsenv_complete)'
